package envelope

import (
	"strings"
	"testing"
	"time"
)

func parse(t testing.TB, text string) *Message {
	t.Helper()
	m, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return &m
}

func TestAccessors(t *testing.T) {
	for _, text := range []string{
		`{"type":"timer","timestamp":"2013-03-01T08:00:00Z","logger":"shop","severity":3,"payload":"38","fields":{},"env_version":"0.8","metlog_pid":411,"metlog_hostname":"web3"}`,
		`{"metlog_hostname": "web\u0033", "env_version": "0.\u0038", "payload": "3\u0038", "logger": "sh\u006fp", "type": "tim\u0065r", "metlog_pid": 4.11e2, "severity": "3", "timestamp": "2013-03-01T08:00:00\u005a"}`,
		`{"heka_pid": "411", "heka_hostname": "web3", "type": "timer", "logger": "shop", "severity": 3.0, "payload": 38, "timestamp": "2013-03-01T10:00:00+02:00", "env_version": 0.8}`,
		"{\n\"type\": \"timer\", \"fields\": {\"metlog_pid\": 411, \"metlog_hostname\": \"web3\"}, \"logger\": \"shop\", \"severity\": \"3.0\", \"payload\": 38, \"timestamp\": \"2013-03-01T08:00:00\", \"env_version\": \"0.8\"}",
	} {
		m := parse(t, text)
		for got, want := range map[string]string{
			m.Type(): "timer", m.Logger(): "shop", m.Payload(): "38", m.EnvVersion(): "0.8", m.Hostname(): "web3",
		} {
			if got != want {
				t.Errorf("%q, want %q, in %s", got, want, text)
			}
		}
		if m.PID() != 411 || m.Severity() != Error {
			t.Errorf("PID() = %d, Severity() = %v in %s", m.PID(), m.Severity(), text)
		}
		if at, ok := m.Timestamp(); !ok || !at.Equal(time.Date(2013, 3, 1, 8, 0, 0, 0, time.UTC)) {
			t.Errorf("Timestamp() = %v, %v in %s", at, ok, text)
		}
	}
}

func TestAccessorsOfNothing(t *testing.T) {
	for name, m := range map[string]*Message{"zero": {}, "unknown member only but type": parse(t, `{"type":null,"x":1}`)} {
		if got := m.Type() + m.Logger() + m.Payload() + m.EnvVersion() + m.Hostname(); got != "" {
			t.Errorf("%s: %q", name, got)
		}
		if _, ok := m.Timestamp(); ok || m.PID() != 0 || m.Severity() != Info {
			t.Errorf("%s: %v %d %v", name, ok, m.PID(), m.Severity())
		}
		if _, ok := m.Field("a"); ok {
			t.Errorf("%s: Field", name)
		}
		if _, ok := m.Field(); ok {
			t.Errorf("%s: Field without path", name)
		}
		if _, ok := m.Member("payload"); ok {
			t.Errorf("%s: Member", name)
		}
	}
	zero := new(Message)
	if _, ok := zero.Member("x"); ok || zero.JSON() != "{}" || zero.SlabBytes() != 0 || zero.Meta() != (Meta{}) {
		t.Error("the zero Message holds something")
	}
}

func TestSeverityRead(t *testing.T) {
	for raw, want := range map[string]Severity{
		`0`: Emergency, `1`: Alert, `2`: Critical, `3`: Error, `4`: Warning, `5`: Notice, `6`: Info, `7`: Debug,
		`"4"`: Warning, `4.0`: Warning, `"4.0"`: Warning, `40e-1`: Warning, `-0`: Emergency, `"\u0034"`: Warning,
		`8`: Info, `-1`: Info, `10`: Info, `3.5`: Info, `null`: Info, `"debug"`: Info, `""`: Info, `true`: Info, `[4]`: Info,
		`{"a":4}`: Info, `4294967300`: Info, `" 4"`: Info, `"04"`: Info,
	} {
		if got := parse(t, `{"severity":`+raw+`}`).Severity(); got != want {
			t.Errorf("severity %s is read as %v, want %v", raw, got, want)
		}
	}
}

func TestTextOfOtherKinds(t *testing.T) {
	for raw, want := range map[string]string{
		`"a\nb"`: "a\nb", `38`: "38", `-0.50`: "-0.50", `null`: "", `true`: "true", `{"k": [1]}`: `{"k": [1]}`, `["a"]`: `["a"]`,
		`18446744073709551617`: "18446744073709551617", `""`: "", `"x\ud800y"`: "x\uFFFDy",
	} {
		if got := parse(t, `{"payload":`+raw+`}`).Payload(); got != want {
			t.Errorf("payload %s is read as %q, want %q", raw, got, want)
		}
	}
}

func TestPIDRead(t *testing.T) {
	for text, want := range map[string]int{
		`{"metlog_pid":7,"fields":{"metlog_pid":1}}`:             7,
		`{"metlog_pid":null,"fields":{"metlog_pid":1}}`:          0,
		`{"type":"","fields":{"metlog_pid":1}}`:                  1,
		`{"metlog_pid":1.5}`:                                     0,
		`{"metlog_pid":-3}`:                                      -3,
		`{"metlog_pid":9223372036854775808}`:                     0,
		`{"metlog_pid":"x"}`:                                     0,
		`{"type":"","fields":{"metlog_pid":1,"metlog_pid":"2"}}`: 2,
		`{"type":"","fields":[1]}`:                               0,
	} {
		if got := parse(t, text).PID(); got != want {
			t.Errorf("PID() = %d, want %d in %s", got, want, text)
		}
	}
}

func TestTimestampRead(t *testing.T) {
	utc := func(nanos int) time.Time { return time.Date(2012, 7, 18, 21, 13, 25, nanos, time.UTC) }
	tests := []struct {
		raw  string
		want time.Time // zero: none
	}{
		{`"2012-07-18T21:13:25.687518"`, utc(687518000)},
		{`"2012-07-18T21:13:25"`, utc(0)},
		{`"2012-07-18T21:13:25Z"`, utc(0)},
		{`"2012-07-18t21:13:25z"`, utc(0)},
		{`"2012-07-18T21:13:25.000000Z"`, utc(0)},
		{`"2012-07-18T21:13:25.5Z"`, utc(500000000)},
		{`"2012-07-18T21:13:25.123456789Z"`, utc(123456789)},
		{`"2012-07-18T21:13:25.1234567899Z"`, utc(123456789)},
		{`"2012-07-18T21:13:25.000005+00:00"`, utc(5000)},
		{`"2012-07-18T23:13:25+02:00"`, utc(0)},
		{`"2012-07-18T11:43:25-09:30"`, utc(0)},
		{`"2012-07-18T21:13:25-00:00"`, utc(0)},
		{`"2012-07-18T21:13:25\u005A"`, utc(0)},
		{`"2012-02-29T00:00:00Z"`, time.Date(2012, 2, 29, 0, 0, 0, 0, time.UTC)},
		{`"0000-01-01T00:00:00Z"`, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
		{`"9999-12-31T23:59:59.999999999Z"`, time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)},
		{`"2012-07-18"`, time.Time{}},
		{`"2012-07-18 21:13:25"`, time.Time{}},
		{`"2012-07-18T21:13"`, time.Time{}},
		{`"2012-07-18T21:13:25."`, time.Time{}},
		{`"2012-07-18T21:13:25.Z"`, time.Time{}},
		{`"2012-07-18T21:13:25,5Z"`, time.Time{}},
		{`"2012-07-18T21:13:25+0200"`, time.Time{}},
		{`"2012-07-18T21:13:25+02"`, time.Time{}},
		{`"2012-07-18T21:13:25+24:00"`, time.Time{}},
		{`"2012-07-18T21:13:25+02:60"`, time.Time{}},
		{`"2012-07-18T21:13:25 Z"`, time.Time{}},
		{`"2012-07-18T21:13:25ZZ"`, time.Time{}},
		{`"2012-07-18T24:00:00Z"`, time.Time{}},
		{`"2012-07-18T21:60:25Z"`, time.Time{}},
		{`"2012-06-30T23:59:60Z"`, time.Time{}},
		{`"2012-13-18T21:13:25Z"`, time.Time{}},
		{`"2012-00-18T21:13:25Z"`, time.Time{}},
		{`"2012-07-00T21:13:25Z"`, time.Time{}},
		{`"2013-02-29T21:13:25Z"`, time.Time{}},
		{`"1900-02-29T21:13:25Z"`, time.Time{}},
		{`"2012-04-31T21:13:25Z"`, time.Time{}},
		{`"20 2-07-18T21:13:25Z"`, time.Time{}},
		{`"not a time"`, time.Time{}},
		{`"yesterday, about half past nine"`, time.Time{}},
		{`""`, time.Time{}},
		{`0`, time.Time{}},
		{`8231`, time.Time{}},
		{`1351848667.48`, time.Time{}},
		{`false`, time.Time{}},
		{`null`, time.Time{}},
	}
	for _, test := range tests {
		got, ok := parse(t, `{"timestamp":`+test.raw+`}`).Timestamp()
		if ok == test.want.IsZero() || !got.Equal(test.want) {
			t.Errorf("timestamp %s is read as %v, %v", test.raw, got, ok)
		}
		if ok && got.Location() != time.UTC {
			t.Errorf("timestamp %s is read in %v", test.raw, got.Location())
		}
	}
}

func TestMember(t *testing.T) {
	m := parse(t, `{ "uuid" : "a" , "type":"x", "p\u0061th": [1, 2], "heka_pid":7, "metlog_hostname":"h", "uuid": "b", "Type":"y"}`)
	for name, want := range map[string]string{
		"type": `"x"`, "uuid": `"b"`, "path": `[1, 2]`, "heka_pid": "7", "metlog_pid": "7", "metlog_hostname": `"h"`,
		"heka_hostname": `"h"`, "Type": `"y"`,
	} {
		if v, ok := m.Member(name); !ok || v.JSON() != want {
			t.Errorf("Member(%q) = %s, %v, want %s", name, v.JSON(), ok, want)
		}
	}
	for _, name := range []string{"", "TYPE", "payload", "fields", "pid", `p\u0061th`, "uuid\x00"} {
		if v, ok := m.Member(name); ok {
			t.Errorf("Member(%q) = %s", name, v.JSON())
		}
	}
}

func TestSlabBytes(t *testing.T) {
	text := `{"payload":"` + strings.Repeat("x", 5000) + `"}`
	for slab, want := range map[int]int{0: len(text), 5001: 5 << 10, 6000: 6 << 10, 100 << 10: 100 << 10} {
		batch, err := new(Parser).AppendParse(nil, text, slab, Meta{})
		if err != nil || batch[0].SlabBytes() != want {
			t.Errorf("SlabBytes() = %d of a slab of %d, want %d (%v)", batch[0].SlabBytes(), slab, want, err)
		}
	}
}

// What Parse returns keeps its own text alive, and not the blanks around it.
func TestParseKeepsNoBlanks(t *testing.T) {
	blanks := strings.Repeat(" \n", 1<<20)
	text := []byte(blanks + nodeText + blanks)
	m, err := Parse(text)
	clear(text)
	if err != nil || m.JSON() != nodeText || m.SlabBytes() != len(nodeText) {
		t.Errorf("%d bytes for %s, %v", m.SlabBytes(), m.JSON(), err)
	}
}
