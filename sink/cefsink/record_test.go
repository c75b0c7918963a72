package cefsink

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

const header5424 = "<166>1 2026-03-02T09:15:04.000001Z web3 metlog - - - "

// newEncoder returns the encoder of a sink with these options.
func newEncoder(t testing.TB, address string, o *Options) *encoder {
	t.Helper()
	e := &newSink(t, address, o).encoder
	e.counted, e.zone = false, time.UTC
	return e
}

func recordOf(t testing.TB, e *encoder, m envelope.Message) string {
	t.Helper()
	record, err := e.append(nil, &m, m.Payload())
	if err != nil {
		t.Fatal(err)
	}
	return string(record)
}

const login = "CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 suser=amy"

func TestHeaders(t *testing.T) {
	old := "Mar 02 09:15:04 web3.shop " + login
	asked := map[string]any{"syslog_priority": "ALERT", "syslog_facility": "LOCAL2", "syslog_ident": "shop", "syslog_options": "PID"}
	for _, test := range []struct {
		name, address string
		options       Options
		m             envelope.Message
		want          string
	}{
		{"defaults", "tcp://siem:601", Options{}, withMeta(t, login, nil), header5424 + login},
		{"asked", "tcp://siem:601", Options{Idents: []string{"shop"}}, withMeta(t, login, asked),
			"<145>1 2026-03-02T09:15:04.000001Z web3 shop 4107 - - " + login},
		{"RFC 3164", "udp://siem:514", Options{Format: RFC3164}, withMeta(t, login, nil), "<166>Mar  2 09:15:04 web3 metlog: " + login},
		{"RFC 3164, asked", "udp://siem:514", Options{Format: RFC3164, Idents: []string{"shop"}}, withMeta(t, login, asked),
			"<145>Mar  2 09:15:04 web3 shop[4107]: " + login},
		{"local", "unixgram:///dev/log", Options{}, withMeta(t, login, nil), "<166>Mar  2 09:15:04 metlog: " + login},
		{"RFC 3164, local", "unixgram:///dev/log", Options{Format: RFC3164}, withMeta(t, login, nil), "<166>Mar  2 09:15:04 metlog: " + login},
		{"RFC 5424, local", "unixgram:///dev/log", Options{Format: RFC5424}, withMeta(t, login, nil), header5424 + login},
		{"stream socket", "unix:///run/log", Options{}, withMeta(t, login, nil), header5424 + login},
		{"UDP", "udp://siem:514", Options{}, withMeta(t, login, nil), header5424 + login},
		{"stamp goes", "tcp://siem:601", Options{}, withMeta(t, old, nil), header5424 + login},
		{"stamp stays", "tcp://siem:601", Options{KeepStamp: true}, withMeta(t, old, nil), header5424 + old},
		{"no stamp to keep", "tcp://siem:601", Options{KeepStamp: true}, withMeta(t, "<13>1 x "+login, nil), header5424 + login},
		{"RFC 3164, no host", "udp://siem:514", Options{Format: RFC3164}, fromHost(t, ""), "<166>Mar  2 09:15:04 metlog: " + login},
		{"RFC 3164, a host that is no name", "udp://siem:514", Options{Format: RFC3164}, fromHost(t, "-"), "<166>Mar  2 09:15:04 metlog: " + login},
		{"RFC 3164, a host in another script", "udp://siem:514", Options{Format: RFC3164}, fromHost(t, "é"), "<166>Mar  2 09:15:04 metlog: " + login},
		{"own defaults", "tcp://siem:601", Options{Facility: "AUTH", Ident: "router-1.x"}, withMeta(t, login, nil),
			"<38>1 2026-03-02T09:15:04.000001Z web3 router-1.x - - - " + login},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := recordOf(t, newEncoder(t, test.address, &test.options), test.m); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// hostless returns a message from a host with that name.
func fromHost(t *testing.T, host string) envelope.Message {
	t.Helper()
	m := withMeta(t, login, nil)
	m, err := envelope.Parse([]byte(strings.Replace(m.JSON(), "web3", host, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Where the message says nothing, or nothing that syslog can say, the header has what is known or a hyphen.
func TestHeaderOfStrangeEnvelopes(t *testing.T) {
	e := newEncoder(t, "tcp://siem:601", nil)
	received := time.Date(2026, 11, 23, 8, 0, 0, 123456789, time.UTC)
	for _, test := range []struct{ name, members, want string }{
		{"nothing", ``, "2026-11-23T08:00:00.123456Z - "},
		{"hostile host", `,"metlog_hostname":"a b\n<0>]:ü\u0000"`, "2026-11-23T08:00:00.123456Z a_b__0______ "},
		{"long host", `,"metlog_hostname":"` + strings.Repeat("h", 1<<16) + `"`, "2026-11-23T08:00:00.123456Z " + strings.Repeat("h", 255) + " "},
		{"zone", `,"timestamp":"2026-03-02T09:15:04.5+02:00"`, "2026-03-02T07:15:04.500000Z - "},
		{"no year of four digits", `,"timestamp":"9999-12-31T23:59:59-02:00"`, "2026-11-23T08:00:00.123456Z - "},
		{"year 0", `,"timestamp":"0000-01-01T00:00:00+02:00"`, "2026-11-23T08:00:00.123456Z - "},
		{"year 1", `,"timestamp":"0001-01-01T00:00:00Z"`, "0001-01-01T00:00:00.000000Z - "},
		{"no time", `,"timestamp":"soon"`, "2026-11-23T08:00:00.123456Z - "},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := envelope.Parse([]byte(`{"type":"cef","payload":"` + login + `"` + test.members + `}`))
			if err != nil {
				t.Fatal(err)
			}
			want := "<166>1 " + test.want + "metlog - - - " + login
			if got := recordOf(t, e, m.WithMeta(envelope.Meta{Received: received})); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// What cef_meta may ask for, and what it gets.
func TestMeta(t *testing.T) {
	type object = map[string]any
	for _, test := range []struct {
		name string
		meta any
		want string // priority, ident, process
		stat Stats
	}{
		{"null", nil, "<166> metlog -", Stats{}},
		{"empty", object{}, "<166> metlog -", Stats{}},
		{"all null", object{"syslog_priority": nil, "syslog_facility": nil, "syslog_ident": nil, "syslog_options": nil}, "<166> metlog -", Stats{}},
		{"all allowed", object{"syslog_priority": "EMERG", "syslog_facility": "LOCAL7", "syslog_ident": "idp", "syslog_options": "PID, CONS"}, "<184> idp 4107", Stats{}},
		{"the default ident", object{"syslog_ident": "metlog"}, "<166> metlog -", Stats{}},
		{"other options", object{"syslog_options": "CONS,NDELAY,NOWAIT,LOG_PERROR"}, "<166> metlog -", Stats{}},
		{"kernel", object{"syslog_facility": "KERN"}, "<166> metlog -", Stats{Facility: 1}},
		{"auth", object{"syslog_facility": "AUTH", "syslog_priority": "ERR"}, "<163> metlog -", Stats{Facility: 1}},
		{"no such facility", object{"syslog_facility": "LOCAL9"}, "<166> metlog -", Stats{Facility: 1}},
		{"facility number", object{"syslog_facility": 0}, "<166> metlog -", Stats{Facility: 1}},
		{"facility number as text", object{"syslog_facility": "0"}, "<166> metlog -", Stats{Facility: 1}},
		{"facility object", object{"syslog_facility": object{"a": 1}}, "<166> metlog -", Stats{Facility: 1}},
		{"no such priority", object{"syslog_priority": "LOUD"}, "<166> metlog -", Stats{Priority: 1}},
		{"priority number", object{"syslog_priority": 3}, "<166> metlog -", Stats{Priority: 1}},
		{"priority list", object{"syslog_priority": []string{"ERR"}}, "<166> metlog -", Stats{Priority: 1}},
		{"ident not allowed", object{"syslog_ident": "sshd"}, "<166> metlog -", Stats{Ident: 1}},
		{"ident that adds words", object{"syslog_ident": "idp 1 2 CEF:0|"}, "<166> metlog -", Stats{Ident: 1}},
		{"ident that adds a line", object{"syslog_ident": "idp\n<0>1 - -"}, "<166> metlog -", Stats{Ident: 1}},
		{"ident with brackets", object{"syslog_ident": "idp[1]:"}, "<166> metlog -", Stats{Ident: 1}},
		{"long ident", object{"syslog_ident": strings.Repeat("i", 1<<20-4096)}, "<166> metlog -", Stats{Ident: 1}},
		{"ident number", object{"syslog_ident": 7}, "<166> metlog -", Stats{Ident: 1}},
		{"no such option", object{"syslog_options": "PID,SHOUT"}, "<166> metlog 4107", Stats{Options: 1}},
		{"text", "LOCAL4", "<166> metlog -", Stats{Options: 1}},
		{"list", []string{"LOCAL4"}, "<166> metlog -", Stats{Options: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSink(t, "udp://siem:514", &Options{Idents: []string{"idp"}})
			words := strings.Split(recordOf(t, &s.encoder, withMeta(t, login, test.meta)), " ")
			pri, _, _ := strings.Cut(words[0], "1")
			if words[0] != pri+"1" && !strings.HasSuffix(words[0], ">1") {
				t.Fatalf("header %q", words[:6])
			}
			if got := strings.TrimSuffix(words[0], "1") + " " + words[3] + " " + words[4]; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := s.Stats(); got != test.stat {
				t.Errorf("stats %+v, want %+v", got, test.stat)
			}
			if told := s.Account().LastError != nil; told != (test.stat != Stats{}) {
				t.Errorf("LastError is %v", s.Account().LastError)
			}
		})
	}
}

// What the first routers sent, where the operator allows what they did: priorities, idents and texts of their runs.
func TestAsTheFirstRouters(t *testing.T) {
	const text = "Nov 02 09:30:00 web3 CEF:0|Acme|shop|1|AuthFail|bad login|5|cs1Label=requestClientApplication cs1=curl/7"
	e := newEncoder(t, "unixgram:///dev/log", &Options{
		Format: RFC3164, KeepStamp: true, Ident: "logstash", Idents: []string{"t", "idp", "http_app_shop"},
		Facilities: []string{"KERN", "MAIL", "AUTH", "NEWS", "CRON", "LOCAL0", "LOCAL2", "LOCAL4", "LOCAL6"},
	})
	for _, test := range []struct {
		priority, facility, ident, options any
		want                               string
	}{
		{nil, nil, nil, nil, "<166>logstash: "},
		{"ALERT", "LOCAL4", "http_app_shop", nil, "<161>http_app_shop: "},
		{"EMERG", "AUTH", "idp", "PID,CONS", "<32>idp[4107]: "},
		{nil, nil, nil, "NDELAY,NOWAIT", "<166>logstash: "},
		{nil, nil, "t", "PID, CONS", "<166>t[4107]: "},
		{"CRIT", nil, "t", nil, "<162>t: "},
		{"ERR", nil, "t", "", "<163>t: "},
		{"NOTICE", "KERN", "t", nil, "<5>t: "},
		{"NOTICE", "MAIL", "t", nil, "<21>t: "},
		{"NOTICE", "NEWS", "t", nil, "<61>t: "},
		{"NOTICE", "CRON", "t", nil, "<77>t: "},
		{"NOTICE", "LOCAL0", "t", nil, "<133>t: "},
		{"NOTICE", "LOCAL6", "t", nil, "<181>t: "},
		{" ERR ", " MAIL", nil, nil, "<19>logstash: "},
		{"LOUD", "LOCAL9", nil, "SHOUT", "<166>logstash: "}, // they dropped it
	} {
		meta := map[string]any{cef.MetaPriority: test.priority, cef.MetaFacility: test.facility, cef.MetaIdent: test.ident, cef.MetaOptions: test.options}
		got := recordOf(t, e, withMeta(t, text, meta))
		if got = strings.Replace(got, "Mar  2 09:15:04 ", "", 1); got != test.want+text {
			t.Errorf("%v became %q", meta, got)
		}
	}
}

func TestFacilities(t *testing.T) {
	e := newEncoder(t, "udp://siem:514", &Options{Facilities: []string{"AUTH"}, Facility: "DAEMON"})
	for facility, want := range map[string]string{"AUTH": "<38>", "LOCAL4": "<30>", "": "<30>", "DAEMON": "<30>"} {
		if got := recordOf(t, e, withMeta(t, login, cefMeta(facility))); !strings.HasPrefix(got, want) {
			t.Errorf("%q became %.10q, not %s", facility, got, want)
		}
	}
	none := newEncoder(t, "udp://siem:514", &Options{Facilities: []string{}})
	if got := recordOf(t, none, withMeta(t, login, cefMeta("LOCAL0"))); !strings.HasPrefix(got, "<166>") {
		t.Errorf("without facilities LOCAL0 became %.10q", got)
	}
}

func cefMeta(facility string) any { return map[string]any{cef.MetaFacility: facility} }

// Whatever stands in a value comes out as one line that reads back.
func TestValues(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"pipe", "a|b", "a|b"},
		{"equals", "a=b", "a=b"},
		{"backslash", `a\b\\`, `a\b\\`},
		{"lines", "a\r\nb\n<0>1 - - - - - - forged", "a\r\nb\n<0>1 - - - - - - forged"},
		{"NUL", "a\x00b", "a?b"},
		{"controls", "a\tb\x1b[2Jc\x7fd\u0085e", "a b?[2Jc?d?e"},
		{"separators of lines", "a\u2028b\u2029c", "a?b?c"},
		{"writing direction", "a\u202agnp.exe\u202e b\u2066c\u2069", "a?gnp.exe? b?c?"},
		{"other marks", "a\u200eb\u200fc\u2027d\u202fe\u2065f\u206ag", "a\u200eb\u200fc\u2027d\u202fe\u2065f\u206ag"},
		{"percent", "%s%n %20 100%", "%s%n %20 100%"},
		{"other scripts", "jørgen Ð 😀 â¨", "jørgen Ð 😀 â¨"},
		{"an event", login, login},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := strings.NewReplacer("\r", " ", "\n", " ") // headers have none
			event := cef.Event{Vendor: "v", Name: lines.Replace(test.value), Extensions: []cef.Extension{{Key: "msg", Value: test.value}, {Key: "end", Value: "1"}}}
			line, err := event.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			s := newSink(t, "udp://siem:514", nil)
			got := recordOf(t, &s.encoder, withMeta(t, string(line), nil))
			want := Stats{}
			if test.want != test.value {
				want.Replaced = 1
			}
			if s.Stats() != want {
				t.Errorf("stats %+v, want %+v", s.Stats(), want)
			}
			read, err := cef.Parse(strings.TrimPrefix(got, header5424))
			if err != nil {
				t.Fatal(err)
			}
			if msg, _ := read.Get("msg"); msg != test.want || read.Name != lines.Replace(test.want) || len(read.Extensions) != 2 {
				t.Errorf("read back %+v from %q", read, got)
			}
			checkText(t, got)
		})
	}
}

// checkText fails the test unless a record is one line of text.
func checkText(t *testing.T, record string) {
	t.Helper()
	if !utf8.ValidString(record) {
		t.Errorf("not UTF-8: %q", record)
	}
	for _, r := range record {
		if r < ' ' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r) {
			t.Fatalf("%U stands in %q", r, record)
		}
	}
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("é|=\\", 1<<14)
	for _, limit := range []int{1024, 2048, 8192, 65507} {
		for _, test := range []struct {
			name  string
			event cef.Event
			keep  bool // the value of the first extension
		}{
			{"value", cef.Event{Name: "n", Extensions: []cef.Extension{{Key: "src", Value: "203.0.113.9"}, {Key: "msg", Value: long}, {Key: "end", Value: "1"}}}, true},
			{"spaces", cef.Event{Name: "n", Extensions: []cef.Extension{{Key: "src", Value: "203.0.113.9"}, {Key: "msg", Value: strings.Repeat(" ", 1<<17)}}}, true},
			{"name", cef.Event{Name: long, Extensions: []cef.Extension{{Key: "src", Value: "203.0.113.9"}}}, true},
			{"all headers", cef.Event{Vendor: long, Product: long, DeviceVersion: long, Signature: long, Name: long, Extensions: []cef.Extension{{Key: "src", Value: "203.0.113.9"}, {Key: "msg", Value: long}}}, true},
			{"many", cef.Event{Name: "n", Extensions: many(6000)}, true},
			{"first", cef.Event{Name: "n", Extensions: []cef.Extension{{Key: "src", Value: long}}}, false},
			{"name alone", cef.Event{Name: long}, false},
		} {
			t.Run(fmt.Sprintf("%s, %d", test.name, limit), func(t *testing.T) {
				s := newSink(t, "tcp://siem:601", &Options{MaxBytes: limit})
				s.encoder.counted = false
				line, err := test.event.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				got := recordOf(t, &s.encoder, withMeta(t, string(line), nil))
				if len(got) > limit {
					t.Fatalf("%d bytes", len(got))
				}
				if s.Stats().Cut != 1 || s.Account().LastError != errCut {
					t.Errorf("stats %+v, LastError %v", s.Stats(), s.Account().LastError)
				}
				checkText(t, got)
				checkCut(t, strings.TrimPrefix(got, header5424), string(line))
				read, err := cef.Parse(got)
				if err != nil {
					t.Fatal(err)
				}
				if src, _ := read.Get("src"); test.keep && src != "203.0.113.9" {
					t.Errorf("src is %.40q in %.200q", src, got)
				}
			})
		}
	}
}

func many(n int) (list []cef.Extension) {
	list = append(list, cef.Extension{Key: "src", Value: "203.0.113.9"})
	for i := range n {
		list = append(list, cef.Extension{Key: cef.Key(fmt.Sprintf("key%d", i)), Value: "va lue"})
	}
	return list
}

// checkCut fails the test unless cutLine is what is left of line: every value is the beginning of what it was.
func checkCut(t *testing.T, cutLine, line string) {
	t.Helper()
	got, err := cef.Parse(cutLine)
	if err != nil {
		t.Fatalf("%v: %.200q", err, cutLine)
	}
	want, err := cef.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{
		{got.Vendor, want.Vendor}, {got.Product, want.Product}, {got.DeviceVersion, want.DeviceVersion},
		{got.Signature, want.Signature}, {got.Name, want.Name},
	} {
		if !strings.HasPrefix(pair[1], pair[0]) {
			t.Errorf("header %.100q is not the beginning of %.100q", pair[0], pair[1])
		}
	}
	if got.Severity != want.Severity || got.Version != want.Version {
		t.Errorf("severity %d, version %d", got.Severity, got.Version)
	}
	last := len(got.Extensions) - 1
	if last < 0 || got.Extensions[last].Key != "metlogCut" {
		t.Fatalf("no mark: %.200q", cutLine)
	}
	missing := len(line) - (len(cutLine) - len(" metlogCut=") - len(got.Extensions[last].Value))
	if last == 0 {
		missing--
	}
	if got.Extensions[last].Value != fmt.Sprint(missing) {
		t.Errorf("%q bytes are missing, not %d", got.Extensions[last].Value, missing)
	}
	for i, x := range got.Extensions[:last] {
		w := want.Extensions[i]
		if x.Key != w.Key || !strings.HasPrefix(w.Value, x.Value) || i < last-1 && x.Value != w.Value {
			t.Errorf("extension %d is %.100q, of %.100q", i, x, w)
		}
	}
}

// A sink keeps nothing of an event, however long or of how many extensions it was.
func TestKeepsNoEvent(t *testing.T) {
	e := newEncoder(t, "tcp://siem:601", nil)
	for _, payload := range []string{login, "CEF:0|a|b|c|d|e|5|" + strings.Repeat("a= ", 100_000), "CEF:0|a|b|c|d|e"} {
		m := withMeta(t, payload, nil)
		_, _ = e.append(nil, &m, payload)
		if e.line.Name != "" || e.line.Before != "" || cap(e.line.Extensions) > keptMemory {
			t.Errorf("of %.40q there is %q, and room for %d extensions", payload, e.line.Name, cap(e.line.Extensions))
		}
		for _, x := range e.line.Extensions[:cap(e.line.Extensions)] {
			if x != (cef.Extension{}) {
				t.Errorf("of %.40q there is %q", payload, x)
			}
		}
	}
}
