package sentrysink

import (
	"reflect"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

const testID = "0123456789abcdef0123456789abcdef"

// body returns an event's members, without those that every event has.
func body(t testing.TB, members string) string {
	t.Helper()
	s := newSink(t, "http://k@h/1", nil)
	m := exception(t, `{"event_id":"`+testID+`","timestamp":1,"level":"info"`+members+`}`)
	text, ok := strings.CutPrefix(written(t, s, &m), `{"event_id":"`+testID+`","timestamp":1,"level":"info"`)
	if !ok {
		t.Fatalf("%s begins otherwise", text)
	}
	return strings.TrimSuffix(text, "}")
}

func TestTidy(t *testing.T) {
	for _, test := range []struct{ name, event, want string }{
		{"nothing", ``, ``},
		{"unknown members", `,"a":{"b":[1,null,"c"]},"d":null`, `,"a":{"b":[1,null,"c"]}`},
		{"half a pair", `,"a":"\ud83dx\udc00","\ud83d":1`, `,"a":"�x�","�":1`},
		{"whole pairs", `,"a":"\ud83d\ude00\ud83d\ud83d\ude00"`, `,"a":"\ud83d\ude00�\ud83d\ude00"`},
		{"NUL", `,"a":"\u0000","message":"a\u0000b"`, `,"a":"�","message":"a�b"`},
		{"other escapes", `,"a":"\"\\\/\b\u0041\u00e9"`, `,"a":"\"\\\/\b\u0041\u00e9"`},
		{"numbers", `,"a":[1,-1.5e3,1e308,1e400,-1e999,12345678901234567890]`, `,"a":[1,-1.5e3,1e308,"1e400","-1e999",12345678901234567890]`},
		{"texts", `,"logger":7,"server_name":null,"release":"r","transaction":["x"],"platform":{}`, `,"logger":"7","release":"r","transaction":"[\"x\"]"`},
		{"twins", `,"logger":"a","logger":"b","l\u006fgger":"c"`, `,"l\u006fgger":"c"`},
		{"tags", `,"tags":{"a":1,"b":null,"c":{"d":1},"e":true,"":"x","f":[]}`, `,"tags":{"a":"1","c":"{\"d\":1}","e":"true"}`},
		{"pairs", `,"tags":[["a",1],["b"],null,["c","d","e"],["f",null],["g","h"]]`, `,"tags":{"a":"1","g":"h"}`},
		{"no tags", `,"tags":null,"modules":7`, ``},
		{"fingerprint", `,"fingerprint":["{{ default }}",7,null]`, `,"fingerprint":["{{ default }}","7"]`},
		{"no fingerprint", `,"fingerprint":"x"`, ``},
		{"contexts", `,"contexts":{"a":{"b":1},"c":null,"d":7}`, `,"contexts":{"a":{"b":1},"d":{"value":7}}`},
		{"extra", `,"extra":[1]`, `,"extra":{"value":[1]}`},
		{"message", `,"message":{"message":7,"params":[1]}`, `,"message":{"message":"7","params":[1]}`},
		{"user", `,"user":{"id":7,"email":null,"x":1}`, `,"user":{"id":"7","x":1}`},
		{"nothing in objects", `,"user":{"id":null},"exception":{"values":[{"type":"E","stacktrace":{"frames":null}}]}`, `,"exception":{"values":[{"type":"E"}]}`},
		{"no objects", `,"user":null,"sdk":7,"request":[],"logentry":null,"debug_meta":1`, ``},
		{"exception", `,"exception":{"values":[{"type":"E","value":7,"stacktrace":null},null,7]}`, `,"exception":{"values":[{"type":"E","value":"7"}]}`},
		{"exceptions", `,"exception":[{"type":"E"},{"value":""}]`, `,"exception":[{"type":"E"},{"value":""}]`},
		{"one exception", `,"exception":{"type":"E","value":null}`, `,"exception":[{"type":"E"}]`},
		{"no exceptions", `,"exception":null,"threads":{"values":null},"breadcrumbs":7`, ``},
		{"frames", `,"stacktrace":{"frames":[{"function":7,"lineno":"12","colno":-1,"vars":"x","in_app":null,"pre_context":[null,"a",7]},null]}`,
			`,"stacktrace":{"frames":[{"function":"7","lineno":12,"vars":{"value":"x"},"pre_context":["","a","7"]}]}`},
		{"breadcrumbs", `,"breadcrumbs":{"values":[{"timestamp":"x","message":7,"data":null}]}`, `,"breadcrumbs":{"values":[{"message":"7"}]}`},
		{"spaces", `, "a" : { "b" : [ 1 , 2 ] , "c" : "x" } , "exception" : { "values" : [ { "type" : "E" } ] }`, `,"a":{ "b":[ 1 , 2 ] , "c":"x" },"exception":{"values":[{"type":"E"}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := body(t, test.event)
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if again := body(t, got); again != got && !strings.Contains(got, `\"`) {
				t.Errorf("again %s\nwas   %s", again, got)
			}
		})
	}
}

// What needs no mending stays as it is, byte for byte.
func TestWholeEventStays(t *testing.T) {
	event := `{"event_id":"` + testID + `","timestamp":"2026-03-02T09:15:03.500000Z","level":"fatal","platform":"go","logger":"shop","server_name":"web3",` +
		`"contexts":{"runtime":{"name":"go","version":"go1.26"},"metlog":{"password":"sent as it is"}},"transaction":"POST /cart","request":{"method":"POST","url":"http://shop/?token=a"},` +
		`"exception":{"values":[{"type":"E","value":"v","mechanism":{"type":"chained","exception_id":1,"parent_id":0},"module":"main"},` +
		`{"type":"F","value":"w","mechanism":{"type":"panic","handled":false,"exception_id":0},"stacktrace":{"frames":[{"function":"f","module":"main","filename":"m.go","abs_path":"/m.go",` +
		`"lineno":7,"in_app":true,"pre_context":["a",""],"context_line":"b","post_context":[],"vars":{"total":4.75,"n":null,"s":"Zoë <b>&"}}]}}]},"extra":{"f: x":1}}`
	s := newSink(t, "http://k@h/1", nil)
	m := exception(t, event)
	if got := written(t, s, &m); got != event {
		t.Errorf("got  %s\nwant %s", got, event)
	}
}

func TestTimes(t *testing.T) {
	for _, test := range []struct {
		value string
		ok    bool
	}{
		{`"2012-11-02T09:31:07Z"`, true}, {`"2012-11-02T09:31:07"`, true}, {`"2012-11-02T09:31:07.123456789+01:00"`, true}, {`"2012-11-02T09:31:07.1"`, true},
		{`1351848667`, true}, {`1351848667.48`, true}, {`0`, true}, {`1e9`, true},
		{`"yesterday"`, false}, {`""`, false}, {`null`, false}, {`true`, false}, {`-1`, false}, {`1e300`, false}, {`253402300800`, false}, {`{}`, false},
		{`"2012-11-02"`, false}, {`"2012-11-02T9:31:07Z"`, false}, {`"2012-11-02T09:31:07,5Z"`, false}, {`"2012-13-02T09:31:07Z"`, false}, {`"0001-01-01T00:00:00Z"`, false},
		{`"9999-12-31T23:59:59-01:00"`, false}, {`"2012-11-02T09:31:07+24:00"`, false}, {`"2012-11-02T09:31:07Z` + strings.Repeat("0", 50) + `"`, false},
	} {
		if got := isTime(test.value); got != test.ok {
			t.Errorf("%s: %v", test.value, got)
		}
	}
}

// An event that has no good date or level gets those of its message.
func TestDateAndLevelOfMessage(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	m, err := envelope.Parse([]byte(`{"type":"sentry","severity":4,"timestamp":"2012-11-02T09:31:07.5","payload":"{\"timestamp\":null,\"level\":\"panic\"}"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"event_id":"` + m.Meta().ID.String() + `","timestamp":"2012-11-02T09:31:07.500000Z","level":"warning"}`
	if got := written(t, s, &m); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m = exception(t, `{"breadcrumbs":[{"timestamp":1}]}`)
	if event := decoded(t, written(t, s, &m)); event["timestamp"] == nil || at(event, "breadcrumbs", 0, "timestamp") != 1. {
		t.Errorf("%v", event)
	}
	m, err = envelope.Parse([]byte(`{"type":"sentry","timestamp":"0000-01-01T00:00:00Z","payload":"{}"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := at(decoded(t, written(t, s, &m)), "timestamp"); got != m.Meta().Received.UTC().Format("2006-01-02T15:04:05.000000Z") {
		t.Errorf("timestamp %s", got)
	}
}

func TestLevels(t *testing.T) {
	for value, want := range map[string]string{
		`"debug"`: "debug", `"INFO"`: "info", `"warn"`: "warning", `"critical"`: "fatal", `"fatal"`: "fatal", `10`: "debug", `20`: "info", `25`: "info",
		`30`: "warning", `"40"`: "error", `40.0`: "error", `50`: "fatal", `60`: "fatal", `5`: "debug", `0`: "", `-1`: "", `null`: "", `"panic"`: "", `{}`: "", `1e9`: "", `"NaN"`: "",
	} {
		if level, ok := levelOf(value); string(level) != want || ok != (want != "") {
			t.Errorf("%s: %s, %v", value, level, ok)
		}
	}
	for severity, want := range map[envelope.Severity]string{
		envelope.Emergency: "fatal", envelope.Alert: "fatal", envelope.Critical: "fatal", envelope.Error: "error", envelope.Warning: "warning",
		envelope.Notice: "info", envelope.Info: "info", envelope.Debug: "debug",
	} {
		if got := levelFrom(severity); string(got) != want {
			t.Errorf("%v: %s", severity, got)
		}
	}
}

func TestIDs(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	for id, want := range map[string]string{
		testID: testID, strings.ToUpper(testID): testID, "01234567-89ab-cdef-0123-456789abcdef": testID, "01234567-89AB-CDEF-0123-456789ABCDEF": testID,
		"": "", "0f": "", testID + "00": "", "zz234567-89ab-cdef-0123-456789abcdef": "", "0123456789abcdef-0123456789abcdef": "", strings.Repeat("0", 32): "",
		"{" + testID + "}": "", "01234567-89abcdef0-123-456789abc-def": "", testID + `\n`: "", `\u0030` + testID[1:]: testID,
	} {
		m := exception(t, `{"event_id":"x","event_id":"`+id+`"}`)
		if want == "" {
			want = m.Meta().ID.String()
		}
		for range 2 {
			if got := at(decoded(t, written(t, s, &m)), "event_id"); got != want {
				t.Errorf("%q: %s, want %s", id, got, want)
			}
		}
	}
	m := exception(t, `{"event_id":7}`)
	m = m.WithMeta(envelope.Meta{})
	if first, second := written(t, s, &m), written(t, s, &m); first != second || len(at(decoded(t, first), "event_id").(string)) != 32 {
		t.Errorf("a message without an id is %s, then %s", first, second)
	}
}

func TestShrinks(t *testing.T) {
	const vars = 1000
	m := exception(t, largeEvent(100, vars))
	for _, test := range []struct {
		limit          int
		cut            any
		frames, bodies int // with variables
		lines          bool
	}{
		{1 << 20, nil, 100, 100, true},
		{100_000, "variables", 100, 1, true},
		{6_500, "variables", 100, 0, true},
		{5_000, "frames", 32, 0, false},
		{500, "frames", 4, 0, false},
		{100, nil, 0, 0, false},
	} {
		s := newSink(t, "http://k@h/1", &Options{MaxEvent: test.limit})
		e, err := s.event(&m, new(scratch))
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.append(nil, test.limit)
		if test.frames == 0 {
			if err == nil {
				t.Errorf("limit %d: %d bytes", test.limit, len(text))
			}
			continue
		}
		if err != nil || len(text) > test.limit {
			t.Fatalf("limit %d: %v, %d bytes", test.limit, err, len(text))
		}
		event := decoded(t, string(text))
		frames, _ := at(event, "exception", "values", 0, "stacktrace", "frames").([]any)
		if len(frames) != test.frames || at(event, "tags", "metlog.cut") != test.cut || (at(frames[0], "context_line") != nil) != test.lines {
			t.Errorf("limit %d: %d frames, cut %v", test.limit, len(frames), at(event, "tags", "metlog.cut"))
		}
		if at(frames, 0, "function") != "f0" || at(frames, -1, "function") != "f99" {
			t.Errorf("limit %d: frames from %v to %v", test.limit, at(frames, 0), at(frames, -1))
		}
		if n := strings.Count(string(text), strings.Repeat("v", vars)); n != test.bodies {
			t.Errorf("limit %d: variables of %d frames", test.limit, n)
		}
	}
	tagged := exception(t, strings.Replace(largeEvent(100, vars), `{"exception"`, `{"tags":{"a":"b"},"exception"`, 1))
	s := newSink(t, "http://k@h/1", &Options{MaxEvent: 50_000})
	if tags := at(decoded(t, written(t, s, &tagged)), "tags"); !reflect.DeepEqual(tags, anyMap{"a": "b", "metlog.cut": "variables"}) {
		t.Errorf("tags %v", tags)
	}
}

// The schema's table must not outgrow what an object's members are counted in.
func TestSchemaFits(t *testing.T) {
	for _, o := range []*object{eventObject, frameObject, valueObject, threadObject, crumbObject, entryObject} {
		if len(o.rules) > maxKnown || len(o.names) != len(o.rules) {
			t.Errorf("%d names, %d rules", len(o.names), len(o.rules))
		}
	}
}
