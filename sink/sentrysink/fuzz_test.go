package sentrysink

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Whatever a payload is, it is refused or becomes an event that every server keeps: valid, within the limit, of the schema.
func FuzzEvent(f *testing.F) {
	for _, r := range recordings(f) {
		f.Add([]byte(r.message.Payload()), false)
	}
	for _, event := range []string{
		`{"event_id":"` + testID + `","exception":{"values":[{"type":"E","value":7,"stacktrace":{"frames":[{"vars":[1],"lineno":1}]}}]},"tags":{"a":null}}`,
		`{"sentry.interfaces.Exception":{"type":"E","value":"\ud83d"},"sentry.interfaces.Stacktrace":{"frames":[{"vars":{"a":1e400}}]},"tags":[["a","b"]],"level":40}`,
		`{"message":"\u0000\ud800","contexts":{"a":7},"extra":[null],"user":null,"timestamp":"x","tags":{"\ud83d":"\\"}, "threads" : [ { } ] }`,
		`{"sentry.interfaces.Http":{"url":"http://a:b@c/?token=d"},"level":"level","logger":{"a":[]},"fingerprint":[1,null]}`,
	} {
		f.Add([]byte(event), false)
		f.Add([]byte(event), true)
	}
	const limit = 20_000
	s := newSink(f, "http://k@h/1", &Options{MaxEvent: limit, MaxInflated: 64 << 10})
	f.Fuzz(func(t *testing.T, payload []byte, pack bool) {
		text := string(payload)
		if pack {
			text = packed(t, text)
		}
		m := exception(t, text)
		e, err := s.event(&m, new(scratch))
		if err != nil {
			return
		}
		event, err := e.append(nil, limit)
		if err != nil {
			return
		}
		if len(event) > limit || !json.Valid(event) || !utf8.Valid(event) || bytes.IndexByte(event, '\n') >= 0 {
			t.Fatalf("%d bytes, valid %v: %.2000q", len(event), json.Valid(event), event)
		}
		checkSchema(t, string(event))
		again := seal(t, envelope.Draft{Type: envelope.TypeException, Payload: string(event)})
		if e, err = s.event(&again, new(scratch)); err != nil {
			t.Fatalf("%v in %.2000q", err, event)
		}
		if twice, err := e.append(nil, 2*limit); err != nil || !json.Valid(twice) {
			t.Fatalf("%v: %.2000q, then %.2000q", err, event, twice)
		}
	})
}

// escape returns the code unit of the \u that text begins with.
func escape(text string) (unit uint64, ok bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	unit, err := strconv.ParseUint(text[2:6], 16, 16)
	return unit, err == nil
}

// checkSchema reads an event as a strict server does.
func checkSchema(t *testing.T, text string) {
	t.Helper()
	for rest := text; ; { // halves of surrogate pairs would be U+FFFD after decoding
		i := strings.IndexByte(rest, '\\')
		if i < 0 {
			break
		}
		unit, ok := escape(rest[i:])
		step := 2
		if ok {
			step = 6
			next, low := escape(rest[i+6:])
			low = low && next >= 0xDC00 && next <= 0xDFFF
			if unit == 0 || unit >= 0xDC00 && unit <= 0xDFFF || unit >= 0xD800 && unit < 0xDC00 && !low {
				t.Fatalf("half a pair or NUL in %.2000q", text)
			}
			if unit >= 0xD800 && unit < 0xDC00 {
				step = 12
			}
		}
		rest = rest[i+step:]
	}
	type frame struct {
		Function *string
		Lineno   *uint32
		Vars     map[string]any
		Pre      []string `json:"pre_context"`
	}
	type stack struct{ Frames []frame }
	type value struct {
		Type, Value *string
		Stacktrace  *stack
	}
	var event struct {
		ID      string `json:"event_id"`
		Level   string
		Time    json.RawMessage `json:"timestamp"`
		Tags    map[string]string
		Modules map[string]string
		Logger  string
		Server  string `json:"server_name"`
		Context map[string]map[string]any
		Extra   map[string]any
		User    map[string]any
		Print   []string `json:"fingerprint"`
		Message json.RawMessage
		Stack   stack `json:"stacktrace"`
	}
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatalf("%v in %.2000q", err, text)
	}
	if canonicalID(event.ID) != event.ID || event.ID == "" || !isTime(string(event.Time)) || event.Level == "" {
		t.Fatalf("id %s, time %s, level %s", event.ID, event.Time, event.Level)
	}
	var lists struct{ Exception, Threads json.RawMessage }
	_ = json.Unmarshal([]byte(text), &lists)
	checkList[value](t, lists.Exception)
	checkList[struct {
		Name       *string
		Stacktrace *stack
	}](t, lists.Threads)
}

// checkList reads a list of values, wrapped or not.
func checkList[T any](t *testing.T, list json.RawMessage) {
	t.Helper()
	var err error
	switch {
	case len(list) == 0:
	case list[0] == '{':
		err = json.Unmarshal(list, new(struct{ Values []T }))
	default:
		err = json.Unmarshal(list, new([]T))
	}
	if err != nil {
		t.Fatalf("%v in %.2000s", err, list)
	}
}

// No DSN is used that names another host than it seems to, and no key gets into a header with anything else.
func FuzzDSN(f *testing.F) {
	for _, dsn := range []string{
		"https://k@h/7", "http://k:s@[::1]:9000/a/7", "udp://k:s@h:9001/7", "http://k@good:80@evil/7", "http://good:80@evil/7", "http://k@h/../7", "http://k@h/7?\r\nX: y",
	} {
		f.Add(dsn)
	}
	var all targets
	if err := all.open("", &Options{Allow: []string{"h:80", "h:443"}}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		to, err := all.named(dsn)
		if err != nil {
			return
		}
		rest, ok := strings.CutPrefix(strings.ToLower(to.url), "https://h/")
		if !ok {
			if rest, ok = strings.CutPrefix(strings.ToLower(to.url), "http://h/"); !ok {
				for _, prefix := range []string{"http://h:80/", "http://h:443/", "https://h:443/", "https://h:80/"} {
					if rest, ok = strings.CutPrefix(strings.ToLower(to.url), prefix); ok {
						break
					}
				}
			}
		}
		if !ok || !strings.HasSuffix(rest, "/envelope/") || strings.Contains(rest, "..") || strings.ContainsAny(to.auth, "\r\n") || strings.Count(to.auth, ",") > 3 {
			t.Errorf("%q: %s, %s", dsn, to.url, to.auth)
		}
	})
}
