package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendJSON(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	tests := []struct{ name, fields, want string }{
		{"empty", `{}`, `{}`},
		{"a finished line", "{\"a\":1}\n", `{"a":1}`},
		{"blanks stay, line breaks go", "\t{ \"a\" :\r\n\t[ 1,\n2 ] } ", `{ "a" :[ 1,2 ] }`},
		{"escapes", `{"a\n":"\\\"\n","b":"\\"}`, `{"a\n":"\\\"\n","b":"\\"}`},
		{"twins stay", `{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{"as deep as can be", deep(63), deep(63)},
		{"too deep", deep(64), ``},
		{"nothing", ``, ``},
		{"blank", " \n", ``},
		{"null", `null`, ``},
		{"array", `[1]`, ``},
		{"text", `"{}"`, ``},
		{"two objects", `{}{}`, ``},
		{"cut", `{"a":1`, ``},
		{"breaks out", `{}},"severity":0`, ``},
		{"raw newline in a string", "{\"a\":\"\n\"}", ``},
		{"broken escape", `{"a":"\q"}`, ``},
		{"not UTF-8", "{\"a\":\"\xff\"}", `{"a":"�"}`},
		{"NaN", `{"a":[NaN, -Infinity]}`, `{"a":[null, null]}`},
		{"line breaks and too deep", "\n" + strings.Replace(deep(64), ":", ":\n", 1), ``},
		{"brackets do not match", `{"a":[1}]`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := NewEncoder("shop", 1, "web1")
			m := Message{text: "{}"}
			slab, err := e.AppendJSON([]byte("before"), &m, noon, Info, "a", "p", []byte(tt.fields))
			if tt.want == "" {
				if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) || m != (Message{}) || string(slab) != "before" {
					t.Fatalf("err %v, message %+v, slab %q", err, m, slab)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := m.Member("fields"); v.JSON() != tt.want {
				t.Errorf("fields %s, want %s", v.JSON(), tt.want)
			}
			checkIndex(t, &m)
		})
	}
}

func TestAppendJSONError(t *testing.T) {
	tests := []struct {
		fields string
		want   SyntaxError
	}{
		{"", SyntaxError{Reason: ReasonEmpty}},
		{" \n", SyntaxError{Offset: 2, Start: 2, Reason: ReasonEmpty}},
		{" [1]", SyntaxError{Offset: 1, Start: 1, Reason: ReasonNotObject}},
		{"  {\"a\":01}", SyntaxError{Offset: 7, Start: 2, Reason: ReasonNumber}},
		{" {} {} ", SyntaxError{Offset: 3, Start: 1, Reason: ReasonToken}},
		{" {", SyntaxError{Offset: 2, Start: 1, Reason: ReasonTruncated}},
	}
	for _, tt := range tests {
		var m Message
		_, err := NewEncoder("", 0, "").AppendJSON(nil, &m, noon, Info, "a", "", []byte(tt.fields))
		if got := (*SyntaxError)(nil); !errors.As(err, &got) || *got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.fields, err, tt.want)
		}
	}
}

// Whatever is spliced in stays within fields.
func FuzzAppendJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, "{\"a\":1}\n", "\t{ \"a\" :\n[1, 2] }", `{"a":"\\\"}"}`, `{}}`, `{},"severity":0`, `{"a":NaN}`, "{\"a\":\"\xff\"}", "{\"\n\":1}",
		`[{}]`, `null`, `{"a":{"b":[{},[],"",-1.5e-7,true,false,null]}}`, strings.Repeat(`{"a":`, 63) + `1` + strings.Repeat(`}`, 63), strings.Repeat(`{"a":[`, 40),
	} {
		f.Add([]byte(s))
	}
	e := NewEncoder("shop", 1, "web1")
	f.Fuzz(func(t *testing.T, fields []byte) {
		var m Message
		_, err := e.AppendJSON(nil, &m, noon, Warning, "t", "p", fields)
		trimmed := bytes.Trim(fields, " \t\r\n")
		clean := json.Valid(trimmed) && utf8.Valid(trimmed) && trimmed[0] == '{' && nesting(trimmed) < maxDepth
		if err != nil {
			if clean || reasonOf(err) == "" || m != (Message{}) {
				t.Fatalf("%v, %+v", err, m)
			}
			return
		}
		checkMessage(t, &m)
		if m.Type() != "t" || m.Severity() != Warning || m.Payload() != "p" || m.PID() != 1 || hasUnknown(m.text) {
			t.Fatalf("%q became %s", fields, m.JSON())
		}
		if clean && !bytes.ContainsAny(trimmed, "\r\n\t") && m.raw(memberFields) != string(trimmed) {
			t.Fatalf("%q became %s", fields, m.JSON())
		}
	})
}
