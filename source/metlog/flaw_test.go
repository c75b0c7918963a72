package metlog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

type refusing struct{}

func (refusing) MarshalJSON() ([]byte, error) { return nil, errors.New("no \"JSON\"\n") }

// OnError is told what could not be written, where, and what to do about it.
func TestFlawsAreNamed(t *testing.T) {
	self := map[string]int{}
	var none *pointerError
	for _, test := range []struct {
		name string
		send func(ctx context.Context, c *Client)
		want string
	}{
		{"a map", func(ctx context.Context, c *Client) { c.Emit(ctx, "a", "", slog.Int("n", 1), slog.Any("cart", self)) },
			`metlog: in a message of type "a", field "cart" is "!MAP: map[string]int of 0", see Options.Maps`},
		{"the first of two", func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.Group("g", slog.Any("thrown", panicker{})), slog.Any("cart", self))
		}, `metlog: in a message of type "a", field "thrown" is "!PANIC: LogValue"`},
		{"a Prepared's", func(ctx context.Context, c *Client) {
			c.Prepare("p", "n", "cart").Emit(ctx, "", slog.IntValue(1), slog.AnyValue(self))
		}, `metlog: in a message of type "p", field "cart" is "!MAP: map[string]int of 0", see Options.Maps`},
		{"encoding/json's", func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a\n", "", slog.String("s", "x"), slog.Any("ch", make(chan int)), slog.Any("r", refusing{}))
		}, `metlog: in a message of type "a\n", field "ch" is "!ERROR: json: unsupported type: chan int"`},
		{"of two lines", func(ctx context.Context, c *Client) { c.Emit(ctx, "a", "", slog.Any("r", refusing{})) },
			`metlog: in a message of type "a", field "r" is "!ERROR: json: error calling MarshalJSON for type metlog.refusing: no \"JSON\"\n"`},
		{"beside one that looks like it", func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.String("s", "!ERROR: x"), slog.Any("ch", make(chan int)))
		}, `metlog: in a message of type "a", a field could not be written`},
		{"a bridge's", func(_ context.Context, c *Client) { c.AppendFields(nil, slog.Any("cart", self)) },
			`metlog: in a message of type "oldstyle", field "cart" is "!MAP: map[string]int of 0", see Options.Maps`},
		{"an error", func(ctx context.Context, c *Client) { c.Exception(ctx, none) },
			`metlog: in a message of type "sentry", error "*metlog.pointerError" is "!PANIC: nil *metlog.pointerError"`},
		{"a variable", func(ctx context.Context, c *Client) {
			c.Exception(register(ctx, watched{name: "cart", text: []byte(`"!PANIC: x"`), torn: true}), errPlain)
		},
			`metlog: in a message of type "sentry", variable "cart" is "!PANIC: x"`},
		{"attributes", func(ctx context.Context, c *Client) {
			c.Exception(ctx, errPlain, slog.String("a", strings.Repeat("x", maxAttributes)))
		},
			`metlog: in a message of type "sentry", field "attributes" is "!ERROR: 65544 bytes, more than 64 KiB"`},
		{"a secret of an exception", func(ctx context.Context, c *Client) { c.Exception(ctx, errPlain, slog.Any("token", throwing{})) },
			`metlog: in a message of type "sentry", field "token" is "[redacted]"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book notebook
				c := start(t, hole{}, &Options{OnError: book.write})
				test.send(t.Context(), c)
				_ = c.Shutdown(t.Context())
				if told := book.take(); !slices.Equal(told, []string{test.want}) || c.Damaged() != 1 {
					t.Errorf("told %q, %d damaged, want %q", told, c.Damaged(), test.want)
				}
			})
		})
	}
}

// What is replaced is counted, once a message, whichever way it goes; what is merely escaped is not.
func TestReplacedIsCounted(t *testing.T) {
	const bad = "a\xff"
	long := strings.Repeat("x", 2*largeMessage)
	for name, send := range map[string]func(ctx context.Context, c *Client){
		"payload": func(ctx context.Context, c *Client) { c.Emit(ctx, "a", bad, slog.Float64("f", math.NaN())) },
		"type":    func(ctx context.Context, c *Client) { c.Emit(ctx, bad, "") },
		"name":    func(ctx context.Context, c *Client) { c.Emit(ctx, "a", "", slog.Int(bad, 1)) },
		"value": func(ctx context.Context, c *Client) {
			c.Log(ctx, 0, "", slog.Int("n", 1), slog.String("a", bad), slog.Int("m", 1))
		},
		"NaN": func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.Float64("a", math.Inf(1)), slog.Int("m", 1))
		},
		"in a group": func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.Group("g", slog.String("a", bad)), slog.Int("m", 1))
		},
		"inlined": func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.Group("", slog.String("a", bad)), slog.Int("m", 1))
		},
		"an error": func(ctx context.Context, c *Client) {
			c.Emit(ctx, "a", "", slog.Any("e", errors.New(bad)), slog.Int("m", 1))
		},
		"a large one":  func(ctx context.Context, c *Client) { c.Emit(ctx, "a", long, slog.String("a", bad)) },
		"Logf":         func(ctx context.Context, c *Client) { c.Logf(ctx, 0, "%s", bad) },
		"a counter":    func(_ context.Context, c *Client) { c.Incr(bad, 1) },
		"a timer":      func(_ context.Context, c *Client) { c.Timer(bad).Start().Stop() },
		"timer's attr": func(_ context.Context, c *Client) { c.Timer("t").Start().Stop(slog.String("a", bad)) },
		"Prepared": func(ctx context.Context, c *Client) {
			c.Prepare("p", "a", "b").Emit(ctx, "", slog.StringValue(bad), slog.IntValue(1))
		},
		"its key":  func(ctx context.Context, c *Client) { c.Prepare("p", bad).Emit(ctx, "", slog.IntValue(1)) },
		"its type": func(ctx context.Context, c *Client) { c.Prepare(bad).Emit(ctx, "") },
		"its group": func(ctx context.Context, c *Client) {
			c.Prepare("p", "a").Emit(ctx, "", slog.GroupValue(slog.String("a", bad)))
		},
		"EmitJSON": func(ctx context.Context, c *Client) {
			_ = c.EmitJSON(ctx, time.Time{}, 0, "a", "", []byte(`{"a":"`+bad+`"}`))
		},
		"Python's": func(ctx context.Context, c *Client) {
			_ = c.EmitJSON(ctx, time.Time{}, 0, "a", "", []byte(`{"a":NaN}`))
		},
		"a large line": func(ctx context.Context, c *Client) { _ = c.EmitJSON(ctx, time.Time{}, 0, "a", bad+long, []byte(`{}`)) },
		"AppendFields": func(_ context.Context, c *Client) { c.AppendFields(nil, slog.String("a", bad)) },
		"Exception":    func(ctx context.Context, c *Client) { c.Exception(ctx, errors.New(bad), slog.String("a", bad)) },
		"a cause":      func(ctx context.Context, c *Client) { c.Exception(ctx, &wrapper{"w", errors.New(bad)}) },
		"EmitLine":     func(ctx context.Context, c *Client) { _ = c.EmitLine(ctx, &Line{Error: "e", Message: bad}) },
		"its fields": func(ctx context.Context, c *Client) {
			_ = c.EmitLine(ctx, &Line{Error: "e", Fields: []byte(`{"a":"` + bad + `"}`)})
		},
		"CEF":        func(ctx context.Context, c *Client) { c.CEF(ctx, cef.Event{Name: bad, Severity: 11}, cef.Meta{}) },
		"CEF's meta": func(ctx context.Context, c *Client) { c.CEF(ctx, cef.Event{Name: "a"}, cef.Meta{Ident: bad}) },
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, hole{}, nil)
			send(t.Context(), c)
			if n := c.Damaged(); n != 1 {
				t.Errorf("%d damaged, want 1", n)
			}
			c.Emit(t.Context(), "a\n", "\u2028", slog.String("b\"", "\uFFFD\x00"), slog.Float64("f", 1e300))
			_ = c.EmitJSON(t.Context(), time.Time{}, 0, "a", "", []byte("{\"a\":\n\t1}"))
			c.Prepare("p", "a").Emit(t.Context(), "\n", slog.StringValue("\n"))
			c.AppendFields(nil, slog.String("a", "\n"))
			if n := c.Damaged(); n != 1 {
				t.Errorf("%d damaged by what is only escaped", n-1)
			}
		})
	}
}

// Contexts of this package have no name of their own, and others keep theirs.
func TestContextsAreNamed(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		Var(ctx, "scope", ctx)
		child := context.WithValue(ctx, refusing{}, 1)
		Var(ctx, "child", child)
		with, beside, endWith := ScopeWith[int](ctx)
		defer endWith()
		Watch(ctx, "with", &struct{ C context.Context }{with})
		*beside = 1
		c.Exception(ctx, errPlain)
	})
	vars, err := json.Marshal(e.top().last().Vars)
	if want := `{"child":"*context.valueCtx","scope":"context.Context","with":{"C":"context.Context"}}`; err != nil || string(vars) != want {
		t.Errorf("vars %s, want %s", vars, want)
	}
}

// What a panicking Stringer leaves in a line is fmt's, and not counted.
func TestLogfOfPanic(t *testing.T) {
	m, _ := sentOne(t, func(c *Client) { c.Logf(t.Context(), envelope.Info, "%v, %d", panicker{}, 1) })
	if m.Payload() != "%!v(PANIC=String method: String), 1" {
		t.Error(m.JSON())
	}
}

// A NaN that encoding/json meets costs the value it is in.
func TestNaNInValue(t *testing.T) {
	_, text := sentOne(t, func(c *Client) {
		c.Emit(t.Context(), "a", "", slog.Any("list", []float64{1, math.Inf(1)}), slog.Any("plain", math.Inf(1)))
	})
	if want := `"fields":{"list":"!ERROR: json: unsupported value: +Inf","plain":null}`; !strings.Contains(text, want) {
		t.Error(text)
	}
}

// sentOne returns the message that f makes a client send.
func sentOne(t *testing.T, f func(c *Client)) (envelope.Message, string) {
	t.Helper()
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	f(c)
	flush(t, c)
	all := to.All()
	if len(all) != 1 {
		t.Fatalf("%d messages", len(all))
	}
	return all[0], all[0].JSON()
}
