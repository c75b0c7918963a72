package envelope

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// The oracle is encoding/json: what it accepts as a stream of objects is read, what it does not is not. The few things in
// which the Parser is meant to differ are looked for by other means, never taken from what it says.

// check parses a frame and holds the result to the oracle, message by message.
func check(t *testing.T, frame string, deep bool) {
	t.Helper()
	batch, err := new(Parser).AppendParse(nil, frame, len(frame), Meta{})
	reason := reasonOf(err)
	decoder := json.NewDecoder(strings.NewReader(jsonOnly(frame)))
	for i := range batch {
		var raw json.RawMessage
		if stdErr := decoder.Decode(&raw); stdErr != nil {
			t.Fatalf("message %d of %q is read; encoding/json: %v", i, frame, stdErr)
		}
		checkMessage(t, &batch[i])
		if deep {
			checkAgainst(t, &batch[i], raw)
		}
	}
	var raw json.RawMessage
	stdErr := decoder.Decode(&raw)
	switch {
	case err == nil && stdErr == nil:
		t.Fatalf("only %d messages of %q are read", len(batch), frame)
	case err == nil && stdErr.Error() != "EOF":
		t.Fatalf("%q is read; encoding/json: %v", frame, stdErr)
	case err != nil && stdErr == nil && !meant(t, reason, raw):
		t.Fatalf("%v: %q; encoding/json reads %q", err, frame, raw)
	case reason == ReasonRewritten || strings.HasPrefix(string(reason), "no SyntaxError"):
		t.Fatalf("%v: %q", err, frame)
	}
	if syntax := (*SyntaxError)(nil); errors.As(err, &syntax) && (syntax.Start < 0 || syntax.Offset < syntax.Start || syntax.Offset > len(frame)) {
		t.Fatalf("%+v of %d bytes", syntax, len(frame))
	}
}

// meant reports whether valid JSON is refused for a reason that it really gives.
func meant(t *testing.T, reason Reason, raw json.RawMessage) bool {
	if reason == ReasonNotObject {
		return raw[0] != '{'
	}
	if reason == ReasonTooDeep {
		return depthOf(raw) > 64
	}
	count := map[string]int{}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	for first := true; ; first = false {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		if first {
			continue
		}
		if name == json.Delim('}') {
			break
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		count[strings.Replace(name.(string), "heka_", "metlog_", 1)]++
	}
	known, twice := 0, 0
	for _, name := range []string{"type", "timestamp", "logger", "severity", "payload", "fields", "env_version", "metlog_pid", "metlog_hostname"} {
		if count[name] > 0 {
			known++
		}
		if count[name] > 1 {
			twice++
		}
	}
	switch reason {
	case ReasonDuplicate:
		return twice > 0
	case ReasonNoMember:
		return known == 0
	}
	return false
}

// depthOf returns how deep valid JSON nests.
func depthOf(raw []byte) (most int) {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	for depth := 0; ; {
		switch token, err := decoder.Token(); {
		case err != nil:
			return most
		case token == json.Delim('{') || token == json.Delim('['):
			depth++
			most = max(most, depth)
		case token == json.Delim('}') || token == json.Delim(']'):
			depth--
		}
	}
}

// jsonOnly returns text with null for each bare NaN and infinity, and U+FFFD for each byte that is no UTF-8.
func jsonOnly(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case text[i] == '"':
			quoted = !quoted
		case quoted && text[i] == '\\' && i+1 < len(text):
			b.WriteByte(text[i])
			i++
		case quoted:
		case strings.HasPrefix(rest, "NaN"):
			b.WriteString("null")
			i += len("NaN") - 1
			continue
		case strings.HasPrefix(rest, "-Infinity"):
			b.WriteString("null")
			i += len("-Infinity") - 1
			continue
		case strings.HasPrefix(rest, "Infinity"):
			b.WriteString("null")
			i += len("Infinity") - 1
			continue
		}
		b.WriteByte(text[i])
	}
	return string([]rune(b.String()))
}
