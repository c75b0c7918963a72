package metlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A panicker panics in every method that something may call.
type panicker struct{}

func (panicker) LogValue() slog.Value { panic("LogValue") }
func (panicker) String() string       { panic("String") }

type panickingError struct{}

func (panickingError) Error() string { panic("Error") }

type pointerError struct{ text string }

func (e *pointerError) Error() string { return e.text }

// An endless value is made of itself twice.
type endless struct{}

func (endless) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("a", endless{}), slog.Any("b", endless{}))
}

// A chain gives another LogValuer for ever.
type chain struct{}

func (chain) LogValue() slog.Value { return slog.AnyValue(chain{}) }

type node struct {
	Name string
	Next *node `json:",omitempty"`
}

type cart struct {
	Owner string
	Items map[string]int
	cache map[string]int
}

func TestBadFields(t *testing.T) {
	var nested, far any = 1, map[string]int{"a": 1}
	for range 40 { // a pointer and an array each
		nested = &[1]any{nested}
	}
	for range 70 {
		far = &[1]any{far}
	}
	circle := &node{Name: "a"}
	circle.Next = circle
	self := map[string]any{}
	self["self"] = self
	var list []any
	list = append(list, &list)
	var noError *pointerError
	many := make([]slog.Attr, 10_000)
	for i := range many {
		many[i] = slog.Int(fmt.Sprint("field", i), i)
	}
	for _, tt := range []struct {
		name    string
		attrs   []slog.Attr
		want    string // of the fields
		damaged bool
	}{
		{"invalid UTF-8", []slog.Attr{slog.String("a\xff", "b\xff")}, `{"a�":"b�"}`, true},
		{"newlines in a name", []slog.Attr{slog.String("a\n\"b", "c\r\n")}, `{"a\n\"b":"c\r\n"}`, false},
		{"NaN", []slog.Attr{slog.Float64("a", math.NaN()), slog.Float64("b", math.Inf(-1))}, `{"a":null,"b":null}`, true},
		{"nil", []slog.Attr{slog.Any("a", nil)}, `{"a":null}`, false},
		{"the zero Attr", []slog.Attr{{}}, `{}`, false},
		{"an error", []slog.Attr{slog.Any("a", errors.New("b"))}, `{"a":"b"}`, false},
		{"a nil pointer that is an error", []slog.Attr{slog.Any("a", noError)}, `{"a":"!PANIC: nil *metlog.pointerError"}`, true},
		{"an error that panics", []slog.Attr{slog.Any("a", panickingError{}), slog.Int("b", 1)}, `{"a":"!PANIC: Error","b":1}`, true},
		{"a LogValuer that panics", []slog.Attr{slog.Any("a", panicker{}), slog.Int("b", 1)}, `{"a":"!PANIC: LogValue","b":1}`, true},
		{"a LogValuer in a group that panics", []slog.Attr{slog.Group("g", slog.Any("a", panicker{}))}, `{"g":{"a":"!PANIC: LogValue"}}`, true},
		{"a LogValuer for ever", []slog.Attr{slog.Any("a", chain{})}, `{"a":"!ERROR: LogValue called too many times"}`, true},
		{"a channel", []slog.Attr{slog.Any("a", make(chan int))}, `{"a":"!ERROR: json: unsupported type: chan int"}`, true},
		{"a function", []slog.Attr{slog.Any("a", func() {})}, `{"a":"!ERROR: json: unsupported type: func()"}`, true},
		{"a circle of pointers", []slog.Attr{slog.Any("a", circle)}, `{"a":"!ERROR: nested deeper than 64 levels"}`, true},
		{"a list of itself", []slog.Attr{slog.Any("a", list)}, `{"a":"!ERROR: nested deeper than 64 levels"}`, true},
		{"a map", []slog.Attr{slog.Any("a", map[string]int{"b": 1})}, `{"a":"!MAP: map[string]int of 1"}`, true},
		{"a map of itself", []slog.Attr{slog.Any("a", self)}, `{"a":"!MAP: map[string]interface {} of 1"}`, true},
		{"a map in a struct", []slog.Attr{slog.Any("a", &cart{Owner: "amy", Items: map[string]int{}})}, `{"a":"!MAP: in *metlog.cart"}`, true},
		{"a map in a list", []slog.Attr{slog.Any("a", []any{1, self})}, `{"a":"!MAP: in []interface {}"}`, true},
		{"a map in a group", []slog.Attr{slog.Group("g", slog.Any("a", self))}, `{"g":{"a":"!MAP: map[string]interface {} of 1"}}`, true},
		{"a map too deep to be written", []slog.Attr{slog.Any("a", far)}, `{"a":"!ERROR: nested deeper than 64 levels"}`, true},
		{"a list of pointers without one", []slog.Attr{slog.Any("a", nested)}, `{"a":[[[[[[[[[[[[`, false},
		{"a struct without one", []slog.Attr{slog.Any("a", &node{Name: "b"})}, `{"a":{"Name":"b"}}`, false},
		{"a time in a list", []slog.Attr{slog.Any("a", []time.Time{time.Unix(0, 0).UTC()})}, `{"a":["1970-01-01T00:00:00Z"]}`, false},
		{"a secret map", []slog.Attr{slog.Any("a", struct {
			B int
			C map[string]int `json:"-"`
		}{B: 1})}, `{"a":{"B":1}}`, false},
		{"endless", []slog.Attr{slog.Any("a", endless{})}, `{"a":`, true},
		{"10,000 fields", many, `{"field0":0,"field1":1,`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := new(sinktest.Recorder)
			c := start(t, to, nil)
			c.Emit(t.Context(), "a", "", tt.attrs...)
			c.Incr("a", 1, tt.attrs...)
			flush(t, c)
			if to.Len() != 2 {
				t.Fatalf("%d messages, want 2: %+v", to.Len(), c.Account())
			}
			m := to.All()[0]
			if fields := m.JSON()[strings.Index(m.JSON(), `"fields":`)+len(`"fields":`):]; !strings.HasPrefix(fields, tt.want) {
				t.Errorf("fields %.200s\nwant %s", fields, tt.want)
			}
			if got := c.Damaged() > 0; got != tt.damaged {
				t.Errorf("damaged: %v", got)
			}
			strict := envelope.Parser{Strict: true}
			for _, text := range to.JSON() {
				if _, err := strict.AppendParse(nil, text, len(text), envelope.Meta{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A text that only looks like the mark of a damaged value is the application's.
func TestHonestMarks(t *testing.T) {
	c := start(t, hole{}, nil)
	ctx := t.Context()
	c.Emit(ctx, "a", "!ERROR: a", slog.String("a", "!PANIC: a"), slog.Any("b", errors.New("!ERROR: b")), slog.Any("c", &node{Name: "c"}),
		slog.Group("g", slog.Any("d", []int{1}), slog.String("e", "!ERROR: e"), slog.String(`f":"!ERROR: `, "f")))
	c.Prepare("a", "b", "c").Emit(ctx, "", slog.StringValue("!MAP: b"), slog.AnyValue([]string{"c"}))
	c.Exception(ctx, errors.New("!PANIC: in Error: a"), slog.String("a", "!PANIC: a"), slog.Any("c", &node{Name: "c"}))
	if n := c.Damaged(); n != 0 {
		t.Errorf("%d damaged, want none", n)
	}
	deep := slog.Group("g", slog.Int("a", 1))
	for range 61 {
		deep = slog.Group("g", deep)
	}
	c.Emit(ctx, "a", "", deep)
	if n := c.Damaged(); n != 0 {
		t.Errorf("%d damaged, want none: 64 levels are not too deep", n)
	}
	c.Emit(ctx, "a", "", slog.Group("g", deep))
	c.Emit(ctx, "a", "", slog.String("a", "!ERROR: a"), slog.Any("c", make(chan int)))
	c.Exception(ctx, throwing{})
	c.Exception(ctx, fmt.Errorf("a: %w", throwing{}), slog.Any("c", make(chan int)))
	c.Exception(ctx, errPlain, slog.String("a", strings.Repeat("a", maxAttributes)))
	if n := c.Damaged(); n != 5 {
		t.Errorf("%d damaged, want 5", n)
	}
}

func TestMaps(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{Maps: true})
	c.Emit(t.Context(), "a", "", slog.Any("m", map[string]int{"b": 1, "a": 2}))
	c.Prepare("b", "m").Emit(t.Context(), "", slog.AnyValue(map[string]int{"c": 3}))
	flush(t, c)
	for i, want := range []string{`{"m":{"a":2,"b":1}}`, `{"m":{"c":3}}`} {
		if got := to.JSON()[i]; !strings.Contains(got, want) {
			t.Error(got)
		}
	}
}

func TestAppendFields(t *testing.T) {
	c := start(t, hole{}, nil)
	for _, tt := range []struct {
		name    string
		attrs   []slog.Attr
		want    string
		damaged uint64
	}{
		{"none", nil, `{}`, 0},
		{"scalars", []slog.Attr{slog.Int("a", 1), slog.String("b", "c")}, `{"a":1,"b":"c"}`, 0},
		{"a group", []slog.Attr{slog.Group("g", slog.Int("a", 1))}, `{"g":{"a":1}}`, 0},
		{"a map", []slog.Attr{slog.Any("m", map[string]int{})}, `{"m":"!MAP: map[string]int of 0"}`, 1},
		{"a panic", []slog.Attr{slog.Any("p", panicker{})}, `{"p":"!PANIC: LogValue"}`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := c.Damaged()
			if got := string(c.AppendFields([]byte("x"), tt.attrs...)); got != "x"+tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if n := c.Damaged() - before; n != tt.damaged {
				t.Errorf("%d damaged", n)
			}
		})
	}
	if a := balanced(t, c); a.Offered != 0 {
		t.Errorf("%+v", a)
	}
}

// A map that another goroutine writes would end the program if it were read.
func TestMapWrittenMeanwhile(t *testing.T) {
	if raceEnabled {
		return // its length is read without a lock, which is a race, and harmless
	}
	c := start(t, new(sinktest.Recorder), nil)
	shared := map[string]int{}
	var deep any = shared
	for range 70 {
		deep = &[1]any{deep}
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			shared[fmt.Sprint(i%1000)] = i
		}
	})
	p := c.Prepare("b", "m")
	for range 2000 {
		c.Emit(ctx, "a", "", slog.Any("m", shared), slog.Any("c", cart{Items: shared, cache: shared}), slog.Any("d", deep))
		p.Emit(ctx, "", slog.AnyValue(&shared))
	}
	stop()
	wg.Wait()
	flush(t, c)
	if a := balanced(t, c); a.Done != 4000 {
		t.Errorf("%+v", a)
	}
}

func TestLargeMessages(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	long := strings.Repeat("x", 10<<20)
	ctx := t.Context()
	c.Emit(ctx, "a", long)
	c.Emit(ctx, "a", "", slog.String("a", long))
	long = long[:maxMessage+1]
	c.Emit(ctx, "a", "", slog.String("a", long))
	c.Emit(ctx, long, "")
	c.Emit(ctx, "a", "", slog.String("a", strings.Repeat("\x01", maxMessage/4)))
	c.Log(ctx, envelope.Info, long)
	c.Logf(ctx, envelope.Info, "%s", long)
	c.Incr(long, 1)
	c.Timer(long).Start().Stop()
	c.Prepare(long).Emit(ctx, "")
	c.Prepare("a", "b").Emit(ctx, "", slog.StringValue(long))
	c.Prepare("a").Emit(ctx, long)
	if err := c.EmitJSON(ctx, time.Time{}, envelope.Info, "a", "", []byte(`{"a":"`+long+`"}`)); err != nil {
		t.Error(err)
	}
	c.Emit(ctx, "a", long[:maxMessage-1000])
	flush(t, c)
	dropped(t, c, map[string]uint64{"large": 13})
	if to.Len() != 1 {
		t.Errorf("%d messages", to.Len())
	}
}

// A value whose method uses the client must not find it locked.
type talker struct{ c *Client }

func (v talker) LogValue() slog.Value {
	v.c.Emit(context.Background(), "inner", "", slog.Int("a", 1))
	return slog.IntValue(1)
}

func (v talker) Error() string {
	v.c.Incr("errors", 1)
	_ = v.c.Flush(context.Background())
	return "error"
}

func TestMethodsUseTheClient(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	c.Emit(t.Context(), "outer", "", slog.Any("a", talker{c}))
	c.Emit(t.Context(), "outer", "", slog.Group("g", slog.Any("a", error(struct{ error }{talker{c}}))))
	c.Prepare("outer", "a").Emit(t.Context(), "", slog.AnyValue(talker{c}))
	if got := sent(t, c, to); len(got) != 6 {
		t.Errorf("%d messages", len(got))
	}
}

// However much a method panics with, that costs its own value alone.
func TestPanicsWithMuch(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	for _, much := range []any{make([]int, 1<<20), strings.Repeat("x", 1<<20), 0.1} {
		c.Emit(t.Context(), "x", "p", slog.Any("v", throwsAny{much}), slog.Int("n", 1))
	}
	flush(t, c)
	for i, want := range []string{"!PANIC: [0 0", "!PANIC: xx", "!PANIC: 0.1"} {
		if to.Len() != 3 {
			t.Fatalf("%d messages: %v", to.Len(), c.Account().Dropped)
		}
		m := to.All()[i]
		v, _ := m.Field("v")
		n, _ := m.Field("n")
		if !strings.HasPrefix(v.String(), want) || len(v.String()) > 2*maxString || n.String() != "1" {
			t.Errorf("%d bytes, %.100s, n %s", len(v.String()), v.String(), n)
		}
	}
	if v, _ := to.All()[2].Field("v"); v.String() != "!PANIC: 0.1" {
		t.Errorf("%.100s", v.String())
	}
}

type throwsAny struct{ what any }

func (v throwsAny) LogValue() slog.Value { panic(v.what) }
