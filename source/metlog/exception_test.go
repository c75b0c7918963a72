package metlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// What an event is when it is read again.
type (
	jsonEvent struct {
		ID        string `json:"event_id"`
		Timestamp string
		Level     string
		Platform  string
		Logger    string
		Server    string `json:"server_name"`
		Contexts  map[string]map[string]any
		Request   map[string]any
		Extra     map[string]any
		Exception struct{ Values []jsonException }
	}
	jsonException struct {
		Type, Value, Module string
		Mechanism           map[string]any
		Stacktrace          struct{ Frames []jsonFrame }
	}
	jsonFrame struct {
		Function, Module, Filename string
		Path                       string   `json:"abs_path"`
		Line                       int      `json:"lineno"`
		InApp                      bool     `json:"in_app"`
		Pre                        []string `json:"pre_context"`
		At                         string   `json:"context_line"`
		Post                       []string `json:"post_context"`
		Vars                       map[string]any
	}
)

// top is the exception that was caught, and last its innermost frame.
func (e *jsonEvent) top() *jsonException { return &e.Exception.Values[len(e.Exception.Values)-1] }

func (x *jsonException) last() *jsonFrame { return &x.Stacktrace.Frames[len(x.Stacktrace.Frames)-1] }

func (x *jsonException) functions() (names []string) {
	for _, f := range x.Stacktrace.Frames {
		names = append(names, f.Function)
	}
	return names
}

// in returns the frame of a function.
func (x *jsonException) in(t *testing.T, suffix string) *jsonFrame {
	t.Helper()
	for i := range x.Stacktrace.Frames {
		if strings.HasSuffix(x.Stacktrace.Frames[i].Function, suffix) {
			return &x.Stacktrace.Frames[i]
		}
	}
	t.Fatalf("no frame of %s in %q", suffix, x.functions())
	return nil
}

// caught returns the message and the event that f makes c send.
func caught(t *testing.T, o *Options, f func(c *Client)) (envelope.Message, jsonEvent) {
	t.Helper()
	to := new(sinktest.Recorder)
	c := start(t, to, o)
	f(c)
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := to.All()
	if len(all) != 1 {
		t.Fatalf("%d messages; account %+v", len(all), c.Account())
	}
	return all[0], readEvent(t, &all[0])
}

func readEvent(t *testing.T, m *envelope.Message) (e jsonEvent) {
	t.Helper()
	payload := m.Payload()
	if !utf8.ValidString(payload) || strings.ContainsRune(payload, '\n') {
		t.Errorf("payload is no line of UTF-8: %q", payload)
	}
	if len(payload) > maxEvent {
		t.Errorf("payload has %d bytes", len(payload))
	}
	if err := json.Unmarshal([]byte(payload), &e); err != nil {
		t.Fatalf("%v in %s", err, payload)
	}
	strict := envelope.Parser{Strict: true}
	if _, err := strict.AppendParse(nil, m.JSON(), len(m.JSON()), envelope.Meta{}); err != nil {
		t.Error(err)
	}
	if m.Type() != envelope.TypeException || m.Severity() != envelope.Error {
		t.Errorf("type %s, severity %v", m.Type(), m.Severity())
	}
	return e
}

var errPlain = errors.New("card refused")

// A text named transaction is the event's; anything else of that name is an attribute as any other.
func TestTransaction(t *testing.T) {
	for _, test := range []struct {
		given             slog.Attr
		transaction, rest string
	}{
		{slog.String("transaction", "GET /items/{id}"), "GET /items/{id}", "map[order:17]"},
		{slog.Int("transaction", 5), "<nil>", "map[order:17 transaction:5]"},
	} {
		m, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), errPlain, slog.Int("order", 17), test.given) })
		var event map[string]any
		if err := json.Unmarshal([]byte(m.Payload()), &event); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(event["transaction"]); got != test.transaction {
			t.Errorf("transaction %s, want %s", got, test.transaction)
		}
		if got := fmt.Sprint(e.Contexts["metlog"]); got != test.rest {
			t.Errorf("context %s, want %s", got, test.rest)
		}
		if v, _ := m.Field("transaction"); v.String() != test.given.Value.String() {
			t.Errorf("field %s", v.JSON())
		}
	}
}

func TestExceptionEvent(t *testing.T) {
	var line int
	m, e := caught(t, &Options{Logger: "shop", Hostname: "web3"}, func(c *Client) {
		_, _, line, _ = runtime.Caller(0)
		c.Exception(t.Context(), errPlain, slog.Int("order", 17), slog.Group("request", slog.String("url", "http://shop/cart"),
			slog.Group("headers", slog.String("Authorization", "Bearer x"), slog.String("Accept", "*/*"))))
	})
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(e.ID) {
		t.Errorf("event_id %q", e.ID)
	}
	if at, _ := m.Timestamp(); e.Timestamp != at.UTC().Format("2006-01-02T15:04:05.000000Z") {
		t.Errorf("timestamp %s, the message's %v", e.Timestamp, at)
	}
	if e.Level != "error" || e.Platform != "go" || e.Logger != "shop" || e.Server != "web3" {
		t.Errorf("%+v", e)
	}
	if got := fmt.Sprint(e.Contexts["metlog"]); got != "map[order:17]" {
		t.Errorf("context %s", got)
	}
	if got := fmt.Sprint(e.Request); got != "map[headers:map[Accept:*/* Authorization:[redacted]] url:http://shop/cart]" {
		t.Errorf("request %s", got)
	}
	if v, _ := m.Field("msg"); v.String() != "card refused" {
		t.Errorf("msg %s", v.JSON())
	}
	if v, _ := m.Field("order"); v.String() != "17" {
		t.Errorf("order %s", v.JSON())
	}
	x := e.top()
	if x.Type != "*errors.errorString" || x.Value != "card refused" || x.Module != "errors" {
		t.Errorf("%+v", x)
	}
	f := x.last()
	_, file, _, _ := runtime.Caller(0)
	if f.Function != "TestExceptionEvent.func1" || f.Module != "github.com/mozilla-services/metlog-go/source/metlog" ||
		f.Filename != f.Module+"/exception_test.go" || f.Path != file || f.Line != line+1 || !f.InApp {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(f.At, "c.Exception(t.Context(), errPlain") || len(f.Pre) != around || len(f.Post) != around ||
		!strings.Contains(f.Pre[around-1], "runtime.Caller(0)") || !strings.Contains(f.Post[0], "slog.Group") {
		t.Errorf("%q %q %q", f.Pre, f.At, f.Post)
	}
	if got := x.in(t, "caught"); !got.InApp {
		t.Errorf("%+v", got)
	}
	if got := x.in(t, "tRunner"); got.InApp || got.Module != "testing" {
		t.Errorf("%+v", got)
	}
}

func TestExceptionOfNil(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	c.Exception(t.Context(), nil)
	c.Panic(t.Context(), nil)
	_ = c.Flush(t.Context())
	if dropped(t, c, map[string]uint64{"nil": 2}); to.Len() != 0 {
		t.Errorf("%d messages", to.Len())
	}
}

func TestExceptionWithoutContext(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		var none context.Context
		c.Exception(Var(none, "n", 1), errPlain)
	})
	if got := fmt.Sprint(e.top().last().Vars); got != "map[n:1]" {
		t.Errorf("vars %s", got)
	}
	caught(t, nil, func(c *Client) {
		var none context.Context
		c.Exception(none, errPlain)
	})
}

func TestExceptionIsFiltered(t *testing.T) {
	c := start(t, new(sinktest.Recorder), &Options{Filters: []Filter{NotTypes(envelope.TypeException)}})
	c.Exception(t.Context(), errPlain)
	if a := c.Account(); a.Dropped["filtered"] != 1 || a.Offered != 1 {
		t.Errorf("%+v", a)
	}
}

// Attributes are anything, and the event's context holds nothing that Sentry's readers choke on.
func TestExceptionAttributes(t *testing.T) {
	m, e := caught(t, nil, func(c *Client) {
		c.Exception(t.Context(), errPlain,
			slog.Float64("nan", math.NaN()), slog.String("bad", "a\xffb"), slog.Any("chan", make(chan int)), slog.String("msg", "mine"),
			slog.Any("half", json.RawMessage(`{"a":"\ud83d\ude00 \ud83d \udE00 \\ud83d","n":[1e400,-1e-400,12]}`)),
			slog.Any("throws", throwing{}), slog.Int("request", 5))
	})
	got := e.Contexts["metlog"]
	if got["nan"] != nil || got["bad"] != "a\uFFFDb" || got["msg"] != "mine" || got["request"] != 5.0 {
		t.Errorf("%q", got)
	}
	if half := fmt.Sprint(got["half"]); half != `map[a:😀 � � \ud83d n:[1e400 -0 12]]` {
		t.Errorf("%s", half)
	}
	if e.Request != nil || !strings.HasPrefix(got["throws"].(string), "!PANIC: ") {
		t.Errorf("%v", got)
	}
	if v, _ := m.Field("msg"); v.String() != "mine" {
		t.Errorf("msg %s", v.JSON())
	}
}

type throwing struct{}

func (throwing) LogValue() slog.Value { panic("no value") }
func (throwing) Error() string        { panic("no text") }
func (throwing) Unwrap() error        { panic("no cause") }
func (throwing) Callers() []uintptr   { panic("no stack") }

// However large everything is, the event is bounded: variables go first, then frames, then attributes.
func TestExceptionIsBounded(t *testing.T) {
	huge := strings.Repeat("\x01\"", 5<<20)
	many := make([]slog.Attr, 10_000)
	for i := range many {
		many[i] = slog.Int(fmt.Sprintf("field%d", i), i)
	}
	m, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		for i := range maxWatched {
			text := strings.Repeat(huge[:400], 10)
			Watch(ctx, fmt.Sprint("v", i), &[]string{text, text, text})
		}
		Watch(ctx, "v", &huge)
		c.Exception(ctx, fmt.Errorf("%s %w", huge, errors.Join(slices10k()...)), many...)
	})
	if len(m.JSON()) > maxMessage {
		t.Errorf("%d bytes", len(m.JSON()))
	}
	if n := len(e.Exception.Values); n != maxLinks {
		t.Errorf("%d exceptions", n)
	}
	if data := fmt.Sprint(e.Exception.Values[maxLinks-2].Mechanism["data"]); data != "map[causes:10000]" {
		t.Errorf("mechanism %s", data)
	}
	if v, _ := m.Field("attributes"); !strings.HasPrefix(v.String(), "!ERROR: ") {
		t.Errorf("fields %.100s", m.JSON())
	}
	vars := e.top().last().Vars
	if len(vars) < 5 || len(vars) > maxWatched {
		t.Errorf("%d variables", len(vars))
	}
	if !strings.HasSuffix(e.top().Value, " bytes)") {
		t.Errorf("value ends in %q", e.top().Value[len(e.top().Value)-30:])
	}
}

func slices10k() []error {
	list := make([]error, 10_000)
	for i := range list {
		list[i] = fmt.Errorf("%d: %w", i, errPlain)
	}
	return list
}

func TestExceptionAfterShutdown(t *testing.T) {
	c := start(t, new(sinktest.Recorder), nil)
	_ = c.Shutdown(t.Context())
	c.Exception(t.Context(), errPlain)
	if a := balanced(t, c); a.Dropped["closed"] != 1 {
		t.Errorf("%+v", a)
	}
}
