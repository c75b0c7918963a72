package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// reasonOf returns the reason of a SyntaxError, the text of any other error.
func reasonOf(err error) Reason {
	var syntax *SyntaxError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &syntax):
		return syntax.Reason
	}
	return Reason("no SyntaxError: " + err.Error())
}

// checkMessage holds a message to JSON's promise: valid, one line, and the same message when it is read again.
func checkMessage(t *testing.T, m *Message) {
	t.Helper()
	text := m.JSON()
	switch {
	case !json.Valid([]byte(text)):
		t.Fatalf("invalid JSON: %q", text)
	case !utf8.ValidString(text):
		t.Fatalf("invalid UTF-8: %q", text)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }):
		t.Fatalf("control character: %q", text)
	}
	again, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v when read again: %q", err, text)
	}
	again.slab, again.origin, again.id, again.received = m.slab, m.origin, m.id, m.received
	if again != *m {
		t.Fatalf("read again\n%+v\nwas\n%+v", again, *m)
	}
	batch, err := new(Parser).AppendParse(nil, text, 0, Meta{})
	if err != nil || len(batch) != 1 || batch[0].text != text {
		t.Fatalf("%q read again: %d messages, %v", text, len(batch), err)
	}
}

// checkAgainst compares every member and every first-level field of m with what encoding/json reads from raw.
func checkAgainst(t *testing.T, m *Message, raw []byte) {
	t.Helper()
	members := decodeObject(t, raw)
	for name, want := range members {
		got, ok := m.Member(name)
		if !ok {
			t.Fatalf("Member(%q) is missing in %q", name, m.JSON())
		}
		checkValue(t, got, want)
	}
	texts := map[string]string{
		"type": m.Type(), "logger": m.Logger(), "payload": m.Payload(), "env_version": m.EnvVersion(),
	}
	for name, got := range texts {
		if v, _ := m.Member(name); v.Kind() != String && v.Kind() != Null {
			got = string(compact(t, []byte(got)))
		}
		if want := wantText(t, members[name]); got != want {
			t.Fatalf("%s = %q, want %q", name, got, want)
		}
	}
	fields := members["fields"]
	if len(fields) == 0 || fields[0] != '{' {
		return
	}
	for name, want := range decodeObject(t, fields) {
		got, ok := m.Field(name)
		if !ok {
			t.Fatalf("Field(%q) is missing in %q", name, m.JSON())
		}
		checkValue(t, got, want)
	}
}

func decodeObject(t *testing.T, raw []byte) (members map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// wantText is what Value.String is to return for a value.
func wantText(t *testing.T, raw json.RawMessage) (text string) {
	t.Helper()
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(compact(t, raw))
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

// compact takes the spaces between tokens out: of two values that are then the same bytes, no token differs.
func compact(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkValue(t *testing.T, got Value, want json.RawMessage) {
	t.Helper()
	if !bytes.Equal(compact(t, []byte(got.JSON())), compact(t, want)) {
		t.Fatalf("value %q, want %q", got.JSON(), want)
	}
	var v any
	switch kind := got.Kind(); {
	case want[0] == '{' || want[0] == '[':
		if kind != Object && want[0] == '{' || kind != Array && want[0] == '[' {
			t.Fatalf("%s is of kind %d", got.JSON(), kind)
		}
		return
	case json.Unmarshal(want, &v) != nil: // a number too large for a float64
		if f, ok := got.Float(); kind != Number || ok {
			t.Fatalf("%s is read as %v", got.JSON(), f)
		}
		return
	}
	ok := false
	switch v := v.(type) {
	case nil:
		ok = got.Kind() == Null && got.String() == ""
	case string:
		ok = got.Kind() == String && got.String() == v
	case float64:
		f, isNumber := got.Float()
		ok = got.Kind() == Number && isNumber && f == v
	case bool:
		b, isBool := got.Bool()
		ok = isBool && b == v
	}
	if !ok {
		t.Fatalf("%s is read as %q, kind %d", got.JSON(), got.String(), got.Kind())
	}
}
