package zerologsource

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
)

// What encoding/json reads of a line is what it reads of the message, and what it cannot read is there whole or repaired.
func FuzzWriteLevel(f *testing.F) {
	for _, seed := range []string{
		`{"level":"info","a":1,"time":"2026-03-02T12:00:00Z","message":"m"}` + "\n",
		`{"level":"info","a":[1,{"b":"]}\"\\"}],"message":"\ud83d\ude00\u00e9","a":-1.5e3}`,
		`{ "a" : true , "message":null,"":{}, "m\u0065ssage":"x" }`,
		`{"a":[1}],"b":2}`, `{"a":1},{"b":2}`, `{"level":"fatal","stack":[{"func":"f","line":"3"}],"error":"e"}`,
		`{"message":"\x","time":12}`, `{"a":01}`, `{}`, `{"a":"b\`, "{\"a\":\"\xff\"}", "\xbf\x61a\x01\xff",
	} {
		f.Add([]byte(seed), int8(zerolog.InfoLevel))
	}
	f.Fuzz(func(t *testing.T, p []byte, level int8) {
		if level == int8(zerolog.FatalLevel) || level == int8(zerolog.PanicLevel) {
			level = int8(zerolog.ErrorLevel) // an event is another test's
		}
		b := newBench(t, nil)
		before := bytes.Clone(p)
		if n, err := b.WriteLevel(zerolog.Level(level), p); n != len(p) || err != nil {
			t.Fatalf("WriteLevel: %d, %v", n, err)
		}
		if !bytes.Equal(p, before) {
			t.Fatal("the line was changed")
		}
		all := b.All()
		if len(p) == 0 && len(all) == 0 {
			return
		}
		if len(all) != 1 {
			t.Fatalf("%d messages", len(all))
		}
		m := &all[0]
		if !json.Valid([]byte(m.JSON())) {
			t.Fatalf("%q is no JSON", m.JSON())
		}
		if m.Type() == "sentry" && !json.Valid([]byte(m.Payload())) {
			t.Errorf("event is %q", m.Payload())
		}
		var want map[string]any
		if !utf8.Valid(p) || json.Unmarshal(p, &want) != nil || want == nil || len(m.Payload()) == len(bytes.TrimSuffix(p, []byte("\n"))) {
			return
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(bridgetest.Fields(m)), &got); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			switch name {
			case "level", "time":
				continue // the first level and the last time may be out
			case "message":
				if text, ok := value.(string); ok && m.Type() == "oldstyle" && text != m.Payload() {
					t.Errorf("payload is %q, want %q", m.Payload(), text)
				} else if ok {
					continue
				}
			}
			if !reflect.DeepEqual(got[name], value) {
				t.Errorf("field %q is %v, want %v, in %q", name, got[name], value, m.JSON())
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok && (name != "msg" || m.Type() != "sentry") {
				t.Errorf("field %q came from nowhere, in %q", name, m.JSON())
			}
		}
	})
}
