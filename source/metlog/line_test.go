package metlog

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A line becomes an event as an exception does, with what there is of it.
func TestEmitLine(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var pcs [8]uintptr
	m, e := caught(t, &Options{Logger: "shop", Hostname: "web3"}, func(c *Client) {
		l := Line{
			At: at, Severity: envelope.Error, Type: "error", Error: "no stock", Message: "cannot sell", Stack: pcs[:runtime.Callers(1, pcs[:])],
			Fields: []byte(`{"item":3,"request":{"method":"GET"},"transaction":"GET /"}`),
		}
		if err := c.EmitLine(t.Context(), &l); err != nil {
			t.Error(err)
		}
	})
	x := e.top()
	if x.Type != "error" || x.Value != "no stock" || x.Module != "" || e.Level != "error" || e.Server != "web3" || e.Timestamp != "2026-03-02T12:00:00.000000Z" {
		t.Errorf("event %s", m.Payload())
	}
	if f := x.last(); f.Function != "TestEmitLine.func1" || !strings.Contains(f.At, "At: at") || !f.InApp {
		t.Errorf("%+v", f)
	}
	if fmt.Sprint(e.Contexts["metlog"], e.Request) != "map[item:3] map[method:GET]" || !strings.Contains(m.Payload(), `"transaction":"GET /","request"`) ||
		!strings.Contains(m.Payload(), `"logentry":{"formatted":"cannot sell"}`) {
		t.Errorf("event %s", m.Payload())
	}
	if v, _ := m.Field(); v.JSON() != `{"msg":"cannot sell","item":3,"request":{"method":"GET"},"transaction":"GET /"}` {
		t.Errorf("fields %s", v.JSON())
	}
}

// A line's frames say what the line says: a file that one names is not read, or whoever writes the line could have any.
func TestEmitLineOfWrittenFrames(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	_, e := caught(t, nil, func(c *Client) {
		l := Line{Severity: envelope.Error, Frames: []runtime.Frame{
			{Function: "inner", File: file, Line: 3}, {Function: "outer", File: "main.go", Line: 7}, {}, {Function: "goexit", File: "asm_amd64.s", Line: 1},
		}}
		if err := c.EmitLine(t.Context(), &l); err != nil {
			t.Error(err)
		}
	})
	var got []string
	for _, f := range e.top().Stacktrace.Frames {
		got = append(got, fmt.Sprint(f.Function, " ", f.Filename, " ", f.Path == file, f.Line, f.InApp, f.At))
	}
	if want := "goexit asm_amd64.s false 1 false|  false 0 true|outer main.go false 7 true|inner line_test.go true 3 true"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Names are found whatever stands around them, and however often.
func TestEmitLineHidesSecrets(t *testing.T) {
	const secret = "hunt" + "er2"
	m, _ := caught(t, nil, func(c *Client) {
		l := Line{Severity: envelope.Error, Fields: []byte(
			"{ \"password\"\t:\n\"" + secret + "\" , \"passwords\" : [ { \"a\" : \"" + secret + "\" } ]\r,\"n\":1e400,\"t\u006fken\":" +
				"{\"a\":\"]}" + secret + "\"},\"url\":\"http:\\/\\/a:" + secret + "@b\\/?c&key=" + secret + "\"}")}
		if err := c.EmitLine(t.Context(), &l); err != nil {
			t.Error(err)
		}
	})
	if strings.Contains(m.JSON(), secret) || strings.Count(m.Payload(), "[redacted]") != 5 {
		t.Error(m.JSON())
	}
}

func TestEmitLineOfBadFields(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	var syntax *envelope.SyntaxError
	for _, fields := range []string{"", "[]", `{"a":nope}`, `{"a":1`, strings.Repeat("[", 100)} {
		if err := c.EmitLine(t.Context(), &Line{Fields: []byte(fields)}); !errors.As(err, &syntax) {
			t.Errorf("%.20s: %v", fields, err)
		}
	}
	if a := balanced(t, c); a.Offered != 0 {
		t.Errorf("%+v", a)
	}
	long := strings.Repeat("x", maxAttributes)
	for _, l := range []Line{{}, {Fields: []byte(`{"a":"` + long + `"}`)}, {Fields: []byte(`{"a":"` + strings.Repeat(long, 16) + `"}`)}} {
		if err := c.EmitLine(t.Context(), &l); err != nil {
			t.Error(err)
		}
	}
	flush(t, c)
	all := to.All()
	for i, want := range []string{`{}`, `{"attributes":"!ERROR: 65544 bytes, more than 64 KiB"}`} {
		if v, _ := all[i].Field(); v.JSON() != want {
			t.Errorf("fields %s, want %s", v.JSON(), want)
		}
	}
	if dropped(t, c, map[string]uint64{"large": 1}); c.Damaged() != 1 {
		t.Errorf("%d damaged", c.Damaged())
	}
}

// However many lines there are in a second, events are few.
func TestEmitLineIsLimited(t *testing.T) {
	const calls = 10_000
	c := start(t, hole{}, &Options{ExceptionsPerSecond: 3, Filters: []Filter{MaxSeverity(envelope.Warning)}})
	began := time.Now()
	for i := range calls {
		for _, severity := range []envelope.Severity{envelope.Error, envelope.Critical, envelope.Info} {
			if err := c.EmitLine(t.Context(), &Line{Severity: severity, Type: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		}
	}
	most := uint64(2 * 3 * (time.Since(began)/time.Second + 2))
	flush(t, c)
	if a := balanced(t, c); a.Done < 6 || a.Done > most || a.Dropped["limited"] != 2*calls-a.Done || a.Dropped["filtered"] != calls {
		t.Errorf("%+v, at most %d", a, most)
	}
}

// Secrets that are shorter than what stands for them make the fields longer, and the bound holds for those that are sent.
func TestEmitLineGrownByRedaction(t *testing.T) {
	m, _ := caught(t, nil, func(c *Client) {
		l := Line{Severity: envelope.Error, Fields: []byte(`{"url":"/a?` + strings.Repeat("key=&", maxAttributes/8) + `"}`)}
		if err := c.EmitLine(t.Context(), &l); err != nil {
			t.Error(err)
		}
	})
	v, _ := m.Field()
	if len(v.JSON()) > maxAttributes || !strings.HasPrefix(v.JSON(), `{"attributes":"!ERROR: `) {
		t.Errorf("%d bytes of fields: %.100s", len(v.JSON()), v.JSON())
	}
}

// Nothing odd about a line makes an event that is none, or takes memory for good.
func TestEmitLineOdd(t *testing.T) {
	c := start(t, hole{}, nil)
	for i := range 1000 {
		if err := c.EmitLine(t.Context(), &Line{Severity: envelope.Severity(i)}); err != nil {
			t.Error(err)
		}
	}
	if kinds := len(c.catch.limit.whole); kinds > 8 {
		t.Errorf("%d kinds of lines are limited one by one", kinds)
	}
	for _, year := range []int{-1, 0, 1, 9999, 10_000} {
		_, e := caught(t, nil, func(c *Client) {
			if err := c.EmitLine(t.Context(), &Line{Severity: envelope.Error, At: time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
				t.Error(err)
			}
		})
		if _, err := time.Parse(time.RFC3339, e.Timestamp); err != nil {
			t.Error(err)
		}
	}
}
