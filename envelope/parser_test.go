package envelope

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func TestAppendParseCopiesNothing(t *testing.T) {
	frame := nodeText + "\n" + pythonText + "{\n\"type\":\"x\"}"
	batch, err := new(Parser).AppendParse(nil, frame, 100<<10+1, Meta{})
	if err != nil || len(batch) != 3 {
		t.Fatal(len(batch), err)
	}
	for i, at := range []int{0, len(nodeText) + 1} {
		if unsafe.StringData(batch[i].JSON()) != unsafe.StringData(frame[at:]) {
			t.Errorf("message %d is a copy", i)
		}
		if got := batch[i].SlabBytes(); got != 101<<10 {
			t.Errorf("SlabBytes() = %d", got)
		}
	}
	if got := batch[2].SlabBytes(); got != 1<<10 {
		t.Errorf("rewritten: SlabBytes() = %d", got)
	}
}

func TestAppendParseMeta(t *testing.T) {
	meta := Meta{Received: time.Unix(1351848667, 48).UTC(), Origin: "udp://192.0.2.1:5565", ID: ID{15: 0xff}}
	batch, err := new(Parser).AppendParse(make([]Message, 1), `{"type":"a"}{"type":"b"}`, 24, meta)
	if err != nil || len(batch) != 3 || batch[0] != (Message{}) {
		t.Fatalf("%d messages, %v", len(batch), err)
	}
	if got := batch[1].Meta(); got != meta {
		t.Errorf("Meta() = %v, want %v", got, meta)
	}
	meta.ID = ID{14: 1}
	if got := batch[2].Meta(); got != meta {
		t.Errorf("Meta() = %v, want %v", got, meta)
	}
	other := Meta{Origin: "elsewhere"}
	if changed := batch[1].WithMeta(other); changed.Meta() != other || batch[1].Meta() == other || changed.JSON() != batch[1].JSON() {
		t.Errorf("WithMeta: %v", changed.Meta())
	}
}

func TestParseMeta(t *testing.T) {
	text := []byte(`{"type":"a"}`)
	before := time.Now()
	m, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	text[9] = 'b'
	if m.Type() != "a" {
		t.Error("Parse keeps the caller's memory")
	}
	meta := m.Meta()
	if meta.Received.Before(before.Truncate(0)) || meta.Received.After(time.Now()) || meta.ID == (ID{}) || meta.Origin != "" {
		t.Errorf("Meta() = %v", meta)
	}
}

func TestAppendParseKeepsBatchOnError(t *testing.T) {
	first, err := new(Parser).AppendParse(nil, nodeText, 0, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	kept := first[0]
	batch, err := new(Parser).AppendParse(first, pythonText+"]", 0, Meta{})
	if reasonOf(err) != ReasonNotObject || len(batch) != 2 || batch[0] != kept || batch[1].JSON() != pythonText {
		t.Errorf("%d messages, %v", len(batch), err)
	}
}

func TestMaxBytes(t *testing.T) {
	tests := []struct {
		name   string
		max    int
		frame  string
		reason Reason
		offset int
	}{
		{"as large as allowed", 12, `{"type":"x"}`, "", 0},
		{"each for itself", 12, `{"type":"x"}{"type":"y"}`, "", 0},
		{"a byte more", 11, `{"type":"x"}`, ReasonTooLarge, 11},
		{"a byte more, to be rewritten", 12, "{\n\"type\":\"x\"}", ReasonTooLarge, 12},
		{"grows when rewritten", 13, "{\"type\":\"\xffx\"}", ReasonTooLarge, 13},
		{"malformed before the limit", 11, `{"type":x       }`, ReasonToken, 8},
		{"cut, not too large", 12, `{"type":"x"`, ReasonTruncated, 11},
		{"negative is the default", -1, `{"type":"x"}`, "", 0},
		{"beyond 1 GiB", math.MaxInt, `{"type":"x"}`, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Parser{MaxBytes: test.max}
			_, err := p.AppendParse(nil, test.frame, 0, Meta{})
			syntax := new(SyntaxError)
			if errors.As(err, &syntax); reasonOf(err) != test.reason || syntax.Offset != test.offset {
				t.Errorf("error %v", err)
			}
		})
	}
	if got := (&Parser{MaxBytes: math.MaxInt}).maxBytes(); got != 1<<30 {
		t.Errorf("the limit is %d", got)
	}
}

func TestSlabSize(t *testing.T) {
	for bytes, want := range map[int]uint16{-1: 0, 0: 0, 1: 1, 1024: 1, 1025: 2, 65535 << 10: 65535, math.MaxInt: 65535} {
		if got := slabSize(bytes); got != want {
			t.Errorf("slabSize(%d) = %d, want %d", bytes, got, want)
		}
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse([]byte(`{"type":"x`))
	if want := "envelope: truncated at offset 10"; err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// strictText is an envelope that the strict Parser takes; tests change it.
const strictText = `{"type":"timer","timestamp":"2013-03-01T08:00:00.000417Z","logger":"shop","severity":6,"payload":"38","fields":{"name":"cart","rate":1},"env_version":"0.8","metlog_pid":411,"metlog_hostname":"web3"}`

func TestStrict(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		reason   Reason
	}{
		{"as specified", "", "", ""},
		{"spaces", `,"`, `, "`, ""},
		{"offset", `417Z`, `417+02:00`, ""},
		{"whole second", `.000417Z`, `Z`, ""},
		{"nested", `"rate":1`, `"rate":{"name":[{"name":1},{"name":2}]}`, ""},
		{"severity 0", `"severity":6`, `"severity":0`, ""},
		{"empty type", `"timer"`, `""`, ""},
		{"newline at the end", `"web3"}`, "\"web3\"}\n", ""},
		{"newline between", `"type"`, "\n\"type\"", ReasonRewritten},
		{"NaN", `"rate":1`, `"rate":NaN`, ReasonRewritten},
		{"invalid UTF-8", `web3`, "web\xff", ReasonRewritten},
		{"no pid", `,"metlog_pid":411`, ``, ReasonMissing},
		{"no type", `"type":"timer",`, ``, ReasonMissing},
		{"alias for a name", `metlog_pid`, `heka_pid`, ReasonUnknown},
		{"other alias", `metlog_hostname`, `heka_hostname`, ReasonUnknown},
		{"one more", `"logger"`, `"uuid":"","logger"`, ReasonUnknown},
		{"type null", `"timer"`, `null`, ReasonType},
		{"payload number", `"38"`, `38`, ReasonType},
		{"fields null", `{"name":"cart","rate":1}`, `null`, ReasonType},
		{"fields array", `{"name":"cart","rate":1}`, `[]`, ReasonType},
		{"severity text", `"severity":6`, `"severity":"6"`, ReasonType},
		{"severity float", `"severity":6`, `"severity":6.0`, ReasonType},
		{"severity exponent", `"severity":6`, `"severity":6e0`, ReasonType},
		{"severity 8", `"severity":6`, `"severity":8`, ReasonSeverity},
		{"severity 10", `"severity":6`, `"severity":10`, ReasonSeverity},
		{"severity -1", `"severity":6`, `"severity":-1`, ReasonSeverity},
		{"severity -0", `"severity":6`, `"severity":-0`, ReasonSeverity},
		{"pid text", `411`, `"411"`, ReasonType},
		{"pid negative", `411`, `-1`, ReasonType},
		{"pid float", `411`, `411.0`, ReasonType},
		{"version number", `"0.8"`, `0.8`, ReasonType},
		{"version", `"0.8"`, `"0.9"`, ReasonVersion},
		{"timestamp number", `"2013-03-01T08:00:00.000417Z"`, `0`, ReasonType},
		{"timestamp without zone", `417Z`, `417`, ReasonTimestamp},
		{"timestamp of a day that is none", `2013-03-01`, `2013-02-29`, ReasonTimestamp},
		{"name twice", `"rate":1`, `"name":1`, ReasonDuplicateField},
		{"name twice, escaped", `"rate":1`, `"n\u0061me":1`, ReasonDuplicateField},
		{"name twice, deeper", `"rate":1`, `"in":[{"a":1,"b":{},"a":[]}]`, ReasonDuplicateField},
		{"member twice", `"logger"`, `"type":"","logger"`, ReasonDuplicate},
		{"malformed", `"rate":1`, `"rate":01`, ReasonNumber},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			frame := strings.ReplaceAll(strictText, test.old, test.new)
			if test.old == "" {
				frame = strictText
			}
			batch, err := (&Parser{Strict: true}).AppendParse(nil, frame, 0, Meta{})
			if reasonOf(err) != test.reason || (err == nil) != (len(batch) == 1) {
				t.Errorf("%d messages, %v, want %q", len(batch), err, test.reason)
			}
		})
	}
}

func TestReasonsDiffer(t *testing.T) {
	seen := map[Reason]bool{}
	for _, reason := range reasons {
		if seen[reason] || reason == "" {
			t.Errorf("%q stands for two faults", reason)
		}
		seen[reason] = true
	}
	for _, v := range variants {
		delete(seen, v.reason)
	}
	delete(seen, ReasonTrailing) // TestVariants meets it in Parse
	for reason := range seen {
		if !strings.HasPrefix(string(reason), "strict: ") {
			t.Errorf("no row for %q", reason)
		}
	}
}

var reasons = []Reason{
	ReasonEmpty, ReasonNotObject, ReasonTruncated, ReasonTooLarge, ReasonTooDeep, ReasonToken, ReasonNumber, ReasonControl,
	ReasonEscape, ReasonDuplicate, ReasonNoMember, ReasonTrailing, ReasonRewritten, ReasonMissing,
	ReasonUnknown, ReasonType, ReasonSeverity, ReasonTimestamp, ReasonVersion, ReasonDuplicateField,
}
