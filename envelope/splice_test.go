package envelope

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

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
		if m.Type() != "t" || m.Severity() != Warning || m.Payload() != "p" || m.PID() != 1 || countMembers(m.text) != memberCount {
			t.Fatalf("%q became %s", fields, m.JSON())
		}
		if clean && bytes.IndexAny(trimmed, "\r\n\t") < 0 && m.raw(memberFields) != string(trimmed) {
			t.Fatalf("%q became %s", fields, m.JSON())
		}
	})
}
