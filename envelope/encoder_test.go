package envelope

import (
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// known returns m without what its text does not say.
func known(m Message) Message {
	m.origin, m.id, m.received, m.slab = "", ID{}, 0, 0
	return m
}

// checkIndex fails the test when m is not what the parser makes of its text.
func checkIndex(t interface {
	Helper()
	Fatalf(string, ...any)
}, m *Message) {
	t.Helper()
	parsed, err := Parse([]byte(m.JSON()))
	if err != nil {
		t.Fatalf("%v\n%s", err, m.JSON())
	}
	if known(parsed) != known(*m) {
		t.Fatalf("parsed  %+v\nwritten %+v", known(parsed), known(*m))
	}
}

var noon = time.Date(2012, 7, 18, 12, 13, 25, 687518999, time.UTC)

func TestEncoderWritesEnvelopes(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	tests := []struct {
		name         string
		encoder      *Encoder
		at           time.Time
		severity     Severity
		typ, payload string
		fields       []slog.Attr
		want         string
	}{
		{"all members", NewEncoder("shop", 42, "web1"), noon, Warning, "order", "1 book", []slog.Attr{slog.Int("total", 12)},
			`{"type":"order","timestamp":"2012-07-18T12:13:25.687518Z","logger":"shop","severity":4,"payload":"1 book","fields":{"total":12},"env_version":"0.8","metlog_pid":42,"metlog_hostname":"web1"}`},
		{"no pid, no host, no fields", NewEncoder("", 0, ""), noon, Info, "", "", nil,
			`{"type":"","timestamp":"2012-07-18T12:13:25.687518Z","logger":"","severity":6,"payload":"","fields":{},"env_version":"0.8"}`},
		{"escapes in every text", NewEncoder("a\"b", -1, "h\\"), noon, Debug, "t\n", "\x00\x1f\x7f\b\f\r\t<&>é\u2028", nil,
			`{"type":"t\n","timestamp":"2012-07-18T12:13:25.687518Z","logger":"a\"b","severity":7,"payload":"\u0000\u001f` + "\x7f" + `\b\f\r\t<&>é` + "\u2028" + `","fields":{},"env_version":"0.8","metlog_hostname":"h\\"}`},
		{"not UTF-8", NewEncoder("\xff", 0, "\xed\xa0\x80"), noon, Info, "a\xc3", "\xf0\x9f\x98", nil,
			`{"type":"a�","timestamp":"2012-07-18T12:13:25.687518Z","logger":"�","severity":6,"payload":"���","fields":{},"env_version":"0.8","metlog_hostname":"���"}`},
		{"zone, whole second", NewEncoder("", 0, ""), time.Date(2026, 1, 1, 1, 0, 0, 0, zone), Emergency, "x", "", nil,
			`{"type":"x","timestamp":"2025-12-31T23:00:00.000000Z","logger":"","severity":0,"payload":"","fields":{},"env_version":"0.8"}`},
		{"before 1970", NewEncoder("", 0, ""), time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC), Info, "x", "", nil,
			`{"type":"x","timestamp":"1969-12-31T23:59:59.000001Z","logger":"","severity":6,"payload":"","fields":{},"env_version":"0.8"}`},
		{"year past four digits", NewEncoder("", 0, ""), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), Severity(99), "x", "", nil,
			`{"type":"x","timestamp":"9999-12-31T23:59:59.999999Z","logger":"","severity":7,"payload":"","fields":{},"env_version":"0.8"}`},
		{"year before 0", NewEncoder("", 0, ""), time.Date(-1, 12, 31, 23, 59, 59, 5, time.UTC), Severity(-99), "x", "", nil,
			`{"type":"x","timestamp":"0000-01-01T00:00:00.000000Z","logger":"","severity":0,"payload":"","fields":{},"env_version":"0.8"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			slab := tt.encoder.Append([]byte("before"), &m, tt.at, tt.severity, tt.typ, tt.payload, tt.fields)
			if m.JSON() != tt.want {
				t.Errorf("got  %s\nwant %s", m.JSON(), tt.want)
			}
			if string(slab) != "before"+tt.want {
				t.Errorf("slab is %q", slab)
			}
			checkIndex(t, &m)
		})
	}
}

func TestEncoderMeta(t *testing.T) {
	e := NewEncoder("shop", 0, "")
	slab := make([]byte, 0, 5000)
	var batch [2]Message
	batch[0].origin = "left over"
	slab = e.Append(slab, &batch[0], noon, Info, "a", "", nil)
	slab = e.Append(slab, &batch[1], noon.Add(time.Second), Info, "b", "", nil)
	first, second := batch[0].Meta(), batch[1].Meta()
	if !first.Received.Equal(noon) || !second.Received.Equal(noon.Add(time.Second)) {
		t.Errorf("received %v and %v", first.Received, second.Received)
	}
	if first.ID == (ID{}) || second.ID != first.ID.Next() {
		t.Errorf("IDs %v and %v do not count up", first.ID, second.ID)
	}
	if a, b := NewEncoder("", 0, ""), NewEncoder("", 0, ""); a.id == b.id {
		t.Error("two encoders count from the same ID")
	}
	if first.Origin != "" {
		t.Errorf("origin %q", first.Origin)
	}
	if got := batch[1].SlabBytes(); got != 5<<10 {
		t.Errorf("SlabBytes %d of a slab of %d", got, cap(slab))
	}
	if unsafe.StringData(batch[0].text) != unsafe.SliceData(slab) {
		t.Error("the text was copied")
	}
	e.Append(nil, &batch[0], time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC), Info, "", "", nil)
	if got := batch[0].Meta().Received; !got.IsZero() {
		t.Errorf("a time that does not fit was received %v", got)
	}
}

// A slab that moves must not disturb the messages written before.
func TestEncoderGrowingSlab(t *testing.T) {
	e := NewEncoder("shop", 1, "web1")
	var slab []byte
	var batch [200]Message
	for i := range batch {
		slab = e.Append(slab, &batch[i], noon.Add(time.Duration(i)*time.Second), Info, "n", strings.Repeat("x", i), []slog.Attr{slog.Int("i", i)})
	}
	for i := range batch {
		checkIndex(t, &batch[i])
		if v, _ := batch[i].Field("i"); batch[i].Payload() != strings.Repeat("x", i) || v.JSON() != string(mustJSON(i)) {
			t.Fatalf("message %d is %s", i, batch[i].JSON())
		}
	}
}

func TestEncoderLimit(t *testing.T) {
	e := NewEncoder("shop", 1, "web1")
	shape := NewShape("a")
	e.limit = 200
	payload := strings.Repeat("x", 200)
	slab := []byte("before")
	m := Message{text: "{}"}
	if got := e.Append(slab, &m, noon, Info, "a", payload, nil); string(got) != "before" || m != (Message{}) {
		t.Errorf("Append wrote %q, %+v", got, m)
	}
	m.text = "{}"
	got, err := e.AppendJSON(slab, &m, noon, Info, "a", payload, []byte("{}"))
	if string(got) != "before" || m != (Message{}) || err == nil {
		t.Errorf("AppendJSON wrote %q, %+v, %v", got, m, err)
	}
	m.text = "{}"
	got, err = e.AppendShape(slab, &m, noon, Info, shape, payload, nil)
	if string(got) != "before" || m != (Message{}) || err == nil {
		t.Errorf("AppendShape wrote %q, %+v, %v", got, m, err)
	}
	d := Draft{Type: "a", Payload: payload}
	if m, err := d.seal(e); m != (Message{}) || err == nil {
		t.Errorf("Seal made %+v, %v", m, err)
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func TestEncoderDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	e := NewEncoder("shop", 42, "web1")
	shape := NewShape("order", "name", "n", "rate", "ok")
	spliced := []byte(`{"name":"cart","n":12,"deep":{"a":[1,2,"x"]}}`)
	slab := make([]byte, 0, 4096)
	var m Message
	at := noon
	tests := []struct {
		name string
		call func()
	}{
		{"Append", func() {
			e.Append(slab, &m, at, Info, "order", "one\nbook", []slog.Attr{
				slog.String("name", "cart\""), slog.Int("n", 12), slog.Uint64("u", math.MaxUint64), slog.Float64("rate", 0.25),
				slog.Bool("ok", true), slog.Duration("took", time.Second), slog.Time("since", at),
			})
		}},
		{"AppendShape", func() {
			_, _ = e.AppendShape(slab, &m, at, Info, shape, "one book", []slog.Value{
				slog.StringValue("cart"), slog.IntValue(12), slog.Float64Value(0.25), slog.BoolValue(true),
			})
		}},
		{"AppendJSON", func() { _, _ = e.AppendJSON(slab, &m, at, Info, "order", "one book", spliced) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() { at = at.Add(700 * time.Millisecond); tt.call() }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestMessageSize(t *testing.T) {
	if size := unsafe.Sizeof(Message{}); size > 144 {
		t.Errorf("a Message has %d bytes", size)
	}
}

// What an Encoder has replaced it says of the last message only.
func TestReplaced(t *testing.T) {
	e := NewEncoder("logger\xff", 1, "host\xff")
	bad, good := NewShape("t", "a\xff"), NewShape("t", "a").With(slog.String("b", "c"))
	var m Message
	for _, tt := range []struct {
		name  string
		write func() error
		want  bool
	}{
		{"nothing", func() error { return nil }, false},
		{"plain", func() error {
			e.Append(nil, &m, time.Now(), Info, "t\n", "p\"", []slog.Attr{slog.String("a", "\uFFFD")})
			return nil
		}, false},
		{"type", func() error { e.Append(nil, &m, time.Now(), Info, "\xff", "p", nil); return nil }, true},
		{"payload", func() error { e.Append(nil, &m, time.Now(), Info, "t", "12345678\xff", nil); return nil }, true},
		{"field", func() error {
			e.Append(nil, &m, time.Now(), Info, "t", "", []slog.Attr{slog.Float64("a", math.NaN()), slog.Int("b", 1)})
			return nil
		}, true},
		{"shape", func() error {
			_, err := e.AppendShape(nil, &m, time.Now(), Info, good, "", []slog.Value{slog.Float64Value(1)})
			return err
		}, false},
		{"its value", func() error {
			_, err := e.AppendShape(nil, &m, time.Now(), Info, good, "", []slog.Value{slog.Float64Value(math.Inf(-1))})
			return err
		}, true},
		{"its attributes", func() error {
			_, err := e.AppendShapeWith(nil, &m, time.Now(), Info, good, "", []slog.Attr{slog.String("d", "\xff")}, []slog.Value{slog.IntValue(1)})
			return err
		}, true},
		{"its key", func() error {
			_, err := e.AppendShape(nil, &m, time.Now(), Info, bad, "", []slog.Value{slog.IntValue(1)})
			return err
		}, true},
		{"what was fixed", func() error {
			_, err := e.AppendShape(nil, &m, time.Now(), Info, NewShape("t").With(slog.String("a", "\xff")), "", nil)
			return err
		}, true},
		{"blanks", func() error {
			_, err := e.AppendJSON(nil, &m, time.Now(), Info, "t", "", []byte("{\n\t}"))
			return err
		}, false},
		{"JSON", func() error {
			_, err := e.AppendJSON(nil, &m, time.Now(), Info, "t", "", []byte("{\"a\":NaN}"))
			return err
		}, true},
	} {
		if err := tt.write(); err != nil {
			t.Fatal(err)
		}
		if got := e.Replaced(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
