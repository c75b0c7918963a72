package sentrysink

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// old returns what an event of an old client becomes.
func old(t testing.TB, event string) anyMap {
	t.Helper()
	s := newSink(t, "http://k@h/1", nil)
	m := exception(t, packed(t, event))
	return decoded(t, written(t, s, &m))
}

// Every member of the old schema has its place in today's.
func TestTranslation(t *testing.T) {
	const stack = `"sentry.interfaces.Stacktrace":{"frames":[{"function":"f","lineno":"7","vars":"<invalid local scope>","context_line":[],"in_app":false},{"function":"g"}]}`
	for _, test := range []struct {
		name, event string
		path        []any
		want        any
	}{
		{"a stack alone", `{` + stack + `}`, []any{"threads", 0, "stacktrace", "frames", 0},
			anyMap{"function": "f", "lineno": 7., "in_app": false, "vars": anyMap{"value": "<invalid local scope>"}}},
		{"a stack before its exception", `{` + stack + `,"sentry.interfaces.Exception":{"type":"E","value":7}}`, []any{"exception", 0, "stacktrace", "frames", 1},
			anyMap{"function": "g", "in_app": true}},
		{"a value that is no text", `{"sentry.interfaces.Exception":{"type":"E","value":{"a":1}}}`, []any{"exception", 0, "value"}, `{"a":1}`},
		{"a chain", `{"sentry.interfaces.Exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"h"}]}},null,{"type":"F"}]},` + stack + `}`,
			[]any{"exception", 1, "stacktrace", "frames", 1, "function"}, "g"},
		{"the chain's own stack", `{"sentry.interfaces.Exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"h"}]}}]}}`,
			[]any{"exception", 0, "stacktrace", "frames", 0, "function"}, "h"},
		{"level", `{"level":30,"sentry.interfaces.Exception":{}}`, []any{"level"}, "warning"},
		{"no level", `{"level":"x","sentry.interfaces.Exception":{}}`, []any{"level"}, "error"},
		{"site", `{"site":"a","tags":{"b":"c"},"sentry.interfaces.Exception":{}}`, []any{"tags"}, anyMap{"site": "a", "b": "c"}},
		{"pairs", `{"tags":[["a","b"],["c"]],"sentry.interfaces.Exception":{}}`, []any{"tags"}, anyMap{"a": "b"}},
		{"no tags", `{"tags":null,"sentry.interfaces.Exception":{}}`, []any{"tags"}, nil},
		{"checksum", `{"checksum":"abc","sentry.interfaces.Exception":{}}`, []any{"fingerprint"}, []any{"abc"}},
		{"user", `{"sentry.interfaces.User":{"id":7,"username":"amy","is_authenticated":true,"email":"a@b.c","ip_address":"::1"}}`, []any{"user"},
			anyMap{"id": "7", "username": "amy", "email": "a@b.c", "ip_address": "::1", "data": anyMap{"is_authenticated": "true"}}},
		{"request", `{"sentry.interfaces.Http":{"url":"http://h/?token=a&b=c","method":"GET","query_string":"token=a&b=c","data":{"a":1},"cookies":{"x":"y"},"headers":{"Cookie":"x","Host":"h"},"env":{"A":7}}}`,
			[]any{"request"}, anyMap{"url": "http://h/?token=[redacted]&b=c", "method": "GET", "query_string": "token=[redacted]&b=c", "data": `{"a":1}`, "cookies": redacted,
				"headers": anyMap{"Cookie": redacted, "Host": "h"}, "env": anyMap{"A": "7"}}},
		{"message", `{"sentry.interfaces.Message":{"message":"a %s","params":["b"]}}`, []any{"message"}, "a %s"},
		{"parameters", `{"message":"a b","sentry.interfaces.Message":{"message":"a %s","params":["b"]}}`, []any{"contexts", "raven", "Message", "params"}, []any{"b"}},
		{"query", `{"time_spent":1.5,"sentry.interfaces.Query":{"query":"select"}}`, []any{"contexts", "raven"}, anyMap{"time_spent": 1.5, "Query": anyMap{"query": "select"}}},
		{"extra", `{"extra":{"a":1,"api_key":"b"},"sentry.interfaces.Message":{}}`, []any{"contexts", "extra"}, anyMap{"a": 1., "api_key": redacted}},
		{"extra of another kind", `{"extra":[1],"sentry.interfaces.Message":{}}`, []any{"contexts", "extra"}, anyMap{"value": []any{1.}}},
		{"logger of the message", `{"sentry.interfaces.Message":{}}`, []any{"logger"}, "shop"},
		{"own logger", `{"logger":"l","release":"r","environment":"e","sentry.interfaces.Message":{}}`, []any{"logger"}, "l"},
		{"platform", `{"platform":"node","sentry.interfaces.Message":{}}`, []any{"platform"}, "node"},
		{"names of raven 5", `{"exception":{"values":[{"type":"E"}]},"request":{"url":"u"},"sentry.interfaces.Message":{}}`, []any{"exception", 0, "type"}, "E"},
		{"packed, of today", `{"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"vars":{"password":"x"}}]}}]}}`,
			[]any{"exception", "values", 0, "stacktrace", "frames", 0, "vars"}, anyMap{"password": redacted}},
		{"NaN, as Python wrote it", `{"extra":{"a":NaN,"b":-Infinity},"sentry.interfaces.Message":{}}`, []any{"contexts", "extra"}, anyMap{"a": nil, "b": nil}},
		{"a name twice", `{"message":"a","message":"b","sentry.interfaces.Message":{}}`, []any{"message"}, "b"},
		{"invalid UTF-8", "{\"message\":\"a\xffb\xed\xa0\xbd\",\"sentry.interfaces.Message\":{}}", []any{"message"}, "a�b���"},
		{"a password in a URL", `{"sentry.interfaces.Stacktrace":{"frames":[{"context_line":"dsn = 'http://pub:sec@h/7'","vars":{"a":["http://pub:sec@h/7"]}}]}}`,
			[]any{"threads", 0, "stacktrace", "frames", 0}, anyMap{"context_line": "dsn = 'http://pub:[redacted]@h/7'", "vars": anyMap{"a": []any{"http://pub:[redacted]@h/7"}}, "in_app": true}},
		{"a password in an escaped URL", `{"extra":{"a":"http:\/\/pub:sec@h\/7","b":"http\u003a//pub:sec@h/7"},"sentry.interfaces.Message":{}}`,
			[]any{"contexts", "extra"}, anyMap{"a": "http://pub:[redacted]@h/7", "b": "http://pub:[redacted]@h/7"}},
		{"Python's quoted names", `{"sentry.interfaces.Stacktrace":{"frames":[{"vars":{"form":{"'password'":"'x'","u'name'":"'y'"}}}]}}`,
			[]any{"threads", 0, "stacktrace", "frames", 0, "vars", "form"}, anyMap{"'password'": redacted, "u'name'": "'y'"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := at(old(t, test.event), test.path...); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

// Whatever shape a value with a secret's name has, and wherever it stands, it is hidden, also when it becomes text.
func TestSecretsOfOldEvents(t *testing.T) {
	const secret = "hunter2"
	s := newSink(t, "http://k@h/1", &Options{Redact: []string{"email", "Culprit"}})
	for _, test := range []struct{ name, members string }{
		{"a form", `"sentry.interfaces.Http":{"data":{"password":"hunter2","a":["b"]}}`},
		{"a query", `"sentry.interfaces.Http":{"query_string":{"token":"hunter2"}}`},
		{"a query of pairs", `"sentry.interfaces.Http":{"query_string":[["token","hunter2"]]}`},
		{"headers of pairs", `"sentry.interfaces.Http":{"headers":[["Authorization","hunter2"]],"env":{"wsgi":{"HTTP_COOKIE":"hunter2"}}}`},
		{"a tag", `"tags":{"a":{"api_key":"hunter2"},"secret":"hunter2"},"site":{"pwd":"hunter2"}`},
		{"an exception", `"sentry.interfaces.Exception":{"type":"E","value":{"b":[{"password":"hunter2"}]}}`},
		{"a user", `"sentry.interfaces.User":{"email":"hunter2","a":{"token":"hunter2"}}`},
		{"items of a dictionary", `"sentry.interfaces.Stacktrace":{"frames":[{"vars":{"items":[["'password'","'hunter2'"],[ "key" , [1,"hunter2"] ]]},"pre_context":[{"key":"hunter2"}]}]}`},
		{"what has no place", `"a":[["token","hunter2"]],"password":"hunter2","sentry.interfaces.Query":{"password":["hunter2"]}`},
		{"modern texts", `"exception":{"values":[{"type":"E","value":{"key":"hunter2"}}]},"user":{"email":"hunter2","id":{"key":"hunter2"}},"fingerprint":[{"key":"hunter2"}]`},
		{"modern contexts", `"contexts":{"api_key":"hunter2","cookies":{"a":"hunter2"},"a":[["b",["c",["password","hunter2"]]]]},"tags":[["token","hunter2"],["a",{"key":"hunter2"}]]`},
		{"modern request", `"request":{"headers":[["Cookie","hunter2"]],"query_string":[["token","hunter2"]],"url":"/a?b=c&token=hunter2#d","data":{"key":"hunter2"}}`},
		{"modern texts by name", `"extra":{"a":{"email":"hunter2"}},"breadcrumbs":{"values":[{"data":{"token":"hunter2"},"message":{"key":"hunter2"}}]},"culprit":"hunter2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			old := `{"sentry.interfaces.Message":{},"note":"shown",` + test.members + `}`
			for _, payload := range []string{old, packed(t, old), packed(t, `{"note":"shown",`+test.members+`}`)} {
				m := exception(t, payload)
				text := written(t, s, &m)
				if strings.Contains(text, secret) || !strings.Contains(text, redacted) || !strings.Contains(text, "shown") {
					t.Errorf("%s", text)
				}
			}
		})
	}
	for text, want := range map[string]string{
		`["key"]`: `["key"]`, `["key",1,2]`: `["key",1,2]`, `["key",[1,"]"]]`: `["key","[redacted]"]`, `["a","key"]`: `["a","key"]`, `[]`: `[]`, `[ "key" , {} ]`: `["key","[redacted]" ]`,
	} {
		if got := string((&tidier{hide: s.hide}).any(nil, text)); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// A payload that is no event is refused, and costs no memory to speak of.
func TestNoEvents(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100)
	s := newSink(t, "http://k@h/1", &Options{MaxInflated: 256 << 10})
	for _, test := range []struct{ name, payload string }{
		{"empty", ""}, {"text", "some payload data"}, {"base64 of something else", "AAAAAAAAAAAAAAAA"}, {"cut off", packed(t, `{"a":1}`)[:12]},
		{"array", packed(t, `[1]`)}, {"number", packed(t, `7`)}, {"nothing", packed(t, ``)}, {"no JSON", packed(t, `{"a"`)}, {"two", packed(t, `{} {}`)},
		{"modern, no JSON", `{"a":}`}, {"modern, cut off", `{"a":1`}, {"modern, two", `{}{}`}, {"deep", deep}, {"packed and deep", packed(t, deep)},
		{"bomb", packed(t, `{"a":"`+strings.Repeat("a", 8<<20)+`"}`)},
		{"checksum", packed(t, `{"a":1}`)[:16] + "AAAA"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := exception(t, test.payload)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := s.Send(t.Context(), []envelope.Message{m})
			runtime.ReadMemStats(&after)
			for _, err := range failures(err, 1) {
				var wrong *EventError
				if !errors.As(err, &wrong) || wrong.ID != m.Meta().ID || wrong.Unwrap() == nil || !sink.IsPermanent(err) {
					t.Errorf("error %v", err)
				}
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
	if a := s.Account(); a.Refused != a.Offered || !a.Balanced() {
		t.Errorf("account %+v", a)
	}
}

func TestMaxInflated(t *testing.T) {
	text := `{"message":"` + strings.Repeat("a", 1000) + `"}`
	for limit, ok := range map[int]bool{len(text): true, len(text) - 1: false, math.MaxInt: true} {
		if got, err := inflate(packed(t, text), limit); (err == nil) != ok || ok && got != text {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	broken := strings.Replace(packed(t, text), "e", "e\r\n", 1) // as Python's other encoder did
	if _, err := inflate(broken, 1<<20); err != nil {
		t.Error(err)
	}
}

// What a large event is made of does not multiply the memory it takes.
func TestMemory(t *testing.T) {
	const size = 1 << 20
	fill := func(before, text, after string) string {
		return before + strings.Repeat(text+",", (size-len(before)-len(after))/(len(text)+1)) + text + after
	}
	vars := fill(``, `"a":1`, ``)[:40*6-1]
	for i := range 40 {
		vars = strings.Replace(vars, `"a"`, fmt.Sprintf(`"%c"`, 'A'+i%26+i/26*32), 1)
	}
	frames := fill(``, `{"vars":{`+vars+`}}`, ``)[:250*(len(vars)+12)-1]
	for _, test := range []struct{ name, event string }{
		{"variables", fill(`{"sentry.interfaces.Message":{},"exception":{"values":[`, `{"stacktrace":{"frames":[`+frames+`]}}`, `]}}`)},
		{"tags", `{"sentry.interfaces.Message":{}` + func() string {
			var b strings.Builder
			for i := range size / 16 {
				_, _ = fmt.Fprintf(&b, `,"tags":{"%x":1}`, i)
			}
			return b.String()
		}() + `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := exception(t, packed(t, test.event))
			s := newSink(t, "http://k@h/1", nil)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := s.event(&m, new(scratch))
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 32*size {
				t.Errorf("%d bytes allocated for an event of %d", n, len(test.event))
			}
		})
	}
}

// many returns a format with 0 to n-1 in it.
func many(format, comma string, n int) string {
	var b strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&b, format+comma, i)
	}
	return strings.TrimSuffix(b.String(), comma)
}

// A great many of anything in an event of a few bytes do not become as many of something larger.
func TestMany(t *testing.T) {
	for _, test := range []struct{ name, event string }{
		{"variables", `{"sentry.interfaces.Stacktrace":{"frames":[{"vars":{` + many(`"v%d":1`, ",", 30_000) + `}}]}}`},
		{"frames", `{"sentry.interfaces.Stacktrace":{"frames":[` + many(`{"lineno":%d}`, ",", 20_000) + `]}}`},
		{"lines", `{"sentry.interfaces.Stacktrace":{"frames":[{"pre_context":[` + many(`%d`, ",", 50_000) + `]}]}}`},
		{"exceptions", `{"sentry.interfaces.Exception":{"values":[` + many(`{"type":%d}`, ",", 20_000) + `]}}`},
		{"tags", `{"sentry.interfaces.Message":{},"tags":{` + many(`"%d":1`, ",", 30_000) + `}}`},
		{"pairs", `{"sentry.interfaces.Message":{},"tags":[` + many(`["%d",1]`, ",", 20_000) + `]}`},
		{"members", `{"sentry.interfaces.Message":{},` + many(`"%d":1`, ",", 30_000) + `}`},
		{"twins", `{"sentry.interfaces.Message":{},` + many(`"level":%d`, ",", 20_000) + `}`},
		{"extra", `{"sentry.interfaces.Message":{},"extra":{` + many(`"%d":1`, ",", 30_000) + `}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSink(t, "http://k@h/1", nil)
			m := exception(t, packed(t, test.event))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			text := written(t, s, &m)
			runtime.ReadMemStats(&after)
			if len(text) > 20_000 {
				t.Errorf("%d bytes", len(text))
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 10<<20 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
	vars := at(old(t, `{"sentry.interfaces.Stacktrace":{"frames":[{"vars":{`+many(`"v%d":1`, ",", 1000)+`}}]}}`), "threads", 0, "stacktrace", "frames", 0, "vars").(anyMap)
	if len(vars) != maxVars+1 || vars[moreValues] != "800 more" {
		t.Errorf("%d variables, more: %v", len(vars), vars[moreValues])
	}
	frames := at(old(t, `{"sentry.interfaces.Stacktrace":{"frames":[`+many(`{"lineno":%d}`, ",", 1000)+`]}}`), "threads", 0, "stacktrace", "frames").([]any)
	if len(frames) != maxFrames || at(frames, 1, "lineno") != 1. || at(frames, -1, "lineno") != 999. || at(frames, outermost, "lineno") != 800. {
		t.Errorf("%d frames: %v, %v, %v", len(frames), at(frames, 1), at(frames, outermost), at(frames, -1))
	}
}

// What there is no place for is told by the tag that tells what is cut.
func TestLossIsTagged(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	frames := func(n int) string {
		return `{"sentry.interfaces.Stacktrace":{"frames":[` + many(`{"lineno":%d}`, ",", n) + `]}}`
	}
	vars := func(n int) string {
		return `{"sentry.interfaces.Stacktrace":{"frames":[{"vars":{` + many(`"v%d":1`, ",", n) + `}}]}}`
	}
	full := func(n int) string { // each frame takes 201 of maxParts
		frame := `{"vars":{` + many(`"v%d":1`, ",", maxVars) + `}}`
		return `{"sentry.interfaces.Stacktrace":{"frames":[` + strings.TrimSuffix(strings.Repeat(frame+",", n), ",") + `]}}`
	}
	extra := `{"sentry.interfaces.Message":{},"extra":{` + many(`"e%d":1`, ",", maxVars+1) + `},`
	for _, test := range []struct {
		name, event string
		want        any
	}{
		{"all frames", frames(maxFrames), nil},
		{"frames", frames(maxFrames + 1), "frames"},
		{"all variables", vars(maxVars), nil},
		{"variables", vars(maxVars + 1), "variables"},
		{"extra", extra + `"tags":{"a":"b"}}`, "fields"},
		{"extra and variables", extra + vars(maxVars + 1)[1:], "fields"},
		{"extra and frames", extra + frames(maxFrames + 1)[1:], "frames"},
		{"tags", `{"sentry.interfaces.Message":{},"tags":{` + many(`"t%d":1`, ",", maxVars+1) + `}}`, "fields"},
		{"tags and a site", `{"sentry.interfaces.Message":{},"tags":{` + many(`"t%d":1`, ",", maxVars) + `},"site":"s"}`, "fields"},
		{"headers", `{"sentry.interfaces.Http":{"headers":{` + many(`"h%d":1`, ",", maxVars+1) + `}}}`, "fields"},
		{"lines", `{"sentry.interfaces.Stacktrace":{"frames":[{"pre_context":[` + many(`"%d"`, ",", maxVars+1) + `]}]}}`, "frames"},
		{"exceptions", `{"sentry.interfaces.Exception":{"values":[` + many(`{"type":"%d"}`, ",", maxVars+1) + `]}}`, "frames"},
		{"many variables", full(249), "variables"},
		{"many variables and frames", full(250), "frames"},
		{"interfaces", `{` + many(`"sentry.interfaces.I%d":1`, ",", maxVars+1) + `}`, "fields"},
	} {
		m := exception(t, test.event)
		if got := at(decoded(t, written(t, s, &m)), "tags", "metlog.cut"); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	for n, want := range map[int]any{maxVars: nil, maxVars + 1: "fields"} {
		m, err := envelope.Parse([]byte(`{"type":"x","fields":{` + many(`"f%d":1`, ",", n) + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := at(decoded(t, written(t, s, &m)), "tags", "metlog.cut"); got != want {
			t.Errorf("%d fields: %v, want %v", n, got, want)
		}
	}
	// What is cut later is told by the same tag.
	small := newSink(t, "http://k@h/1", &Options{MaxEvent: 10_000})
	m := exception(t, `{"extra":{"x":"`+strings.Repeat("x", 20_000)+`"},`+vars(maxVars + 1)[1:])
	text := written(t, small, &m)
	if got := at(decoded(t, text), "tags", "metlog.cut"); got != "fields" || strings.Count(text, "metlog.cut") != 1 {
		t.Errorf("%v in %.500s", got, text)
	}
}
