package slogsource

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/bridgetest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The envelope has members for what slogtest wants by name, and always a timestamp: the clock's for a record without one.
func TestSlogtest(t *testing.T) {
	var b *bridgetest.Bench
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		b = bridgetest.New(t)
		return New(b.Client, nil)
	}, func(t *testing.T) map[string]any {
		m := b.One()
		result := make(map[string]any)
		if err := json.Unmarshal([]byte(bridgetest.Fields(m)), &result); err != nil {
			t.Fatal(err)
		}
		at, ok := m.Timestamp()
		if !ok || time.Since(at) > time.Minute {
			t.Errorf("timestamp is %v", at)
		}
		if !strings.HasSuffix(t.Name(), "/zero-time") {
			result[slog.TimeKey] = at
		}
		result[slog.LevelKey], result[slog.MessageKey] = m.Severity().String(), m.Payload()
		return result
	})
}

func TestFields(t *testing.T) {
	group := slog.Group
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"none", func(l *slog.Logger) { l.Info("m") }, `{}`},
		{"kinds", func(l *slog.Logger) {
			l.Info("m", "s", "x\"", "i", -1, "f", 1.5, "b", true, "d", time.Second, "n", nil, "e", errors.New("no"), "nan", math.NaN())
		}, `{"s":"x\"","i":-1,"f":1.5,"b":true,"d":1000000000,"n":null,"e":"no","nan":null}`},
		{"groups", func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("m", "c", 3) },
			`{"a":1,"g":{"b":2,"h":{"c":3}}}`},
		{"two groups at once", func(l *slog.Logger) { l.WithGroup("g").WithGroup("h").Info("m", "c", 3) }, `{"g":{"h":{"c":3}}}`},
		{"two groups and With", func(l *slog.Logger) { l.WithGroup("g").WithGroup("h").With("c", 3).Info("m") }, `{"g":{"h":{"c":3}}}`},
		{"empty groups", func(l *slog.Logger) { l.With("a", 1).WithGroup("g").WithGroup("h").Info("m") }, `{"a":1}`},
		{"empty group at the end", func(l *slog.Logger) { l.WithGroup("g").With("a", 1).WithGroup("h").Info("m") }, `{"g":{"a":1}}`},
		{"no attributes", func(l *slog.Logger) { l.With().WithGroup("").With(group("g")).Info("m", group("h")) }, `{}`},
		{"strange names", func(l *slog.Logger) { l.With("\"", 1).WithGroup("\n").Info("m", "\xff", 3) }, `{"\"":1,"\n":{"` + "\uFFFD" + `":3}}`},
		{"twins of With", func(l *slog.Logger) { l.With("a", 1, "b", 2).With("a", 3).Info("m") }, `{"b":2,"a":3}`},
		{"twins of With and record", func(l *slog.Logger) { l.With("a", 1, "b", 2).Info("m", "b", 3, "a", 4) }, `{"b":3,"a":4}`},
		{"twins in a group", func(l *slog.Logger) { l.With("a", 1).WithGroup("g").With("a", 2, "b", 0).Info("m", "a", 3) },
			`{"a":1,"g":{"b":0,"a":3}}`},
		{"twins of an inlined group", func(l *slog.Logger) { l.With("a", 1).Info("m", group("", "a", 2, "b", 3)) }, `{"a":2,"b":3}`},
		{"twins that are not UTF-8", func(l *slog.Logger) { l.With("\xff", 1).Info("m", "\xfe", 2) }, `{"` + "\uFFFD" + `":2}`},
		{"twins escaped", func(l *slog.Logger) { l.With("\n", 1).Info("m", "\n", 2) }, `{"\n":2}`},
		{"an attribute and a group", func(l *slog.Logger) { l.With("g", 1, "a", 2).WithGroup("g").Info("m", "b", 3) }, `{"a":2,"g":{"b":3}}`},
		{"an attribute and an empty group", func(l *slog.Logger) { l.With("g", 1).WithGroup("g").Info("m") }, `{"g":1}`},
		{"only an attribute and a group", func(l *slog.Logger) { l.With("g", 1).WithGroup("g").With("b", 3).Info("m") }, `{"g":{"b":3}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := bridgetest.New(t)
			test.log(slog.New(New(b.Client, nil)))
			if m := b.One(); bridgetest.Fields(m) != test.want || m.Payload() != "m" || m.Type() != envelope.TypeLog {
				t.Errorf("got %s, want fields %s", m.JSON(), test.want)
			}
		})
	}
}

func TestDerivedHandlersShareNothing(t *testing.T) {
	b := bridgetest.New(t)
	base := slog.New(New(b.Client, nil)).With("a", 1).WithGroup("g")
	one, two := base.With("b", 1), base.With("c", 2)
	deep, other := base.WithGroup("x"), base.WithGroup("y")
	plain := slog.New(New(b.Client, nil)).With("g", 1, "a", 2)
	grouped := plain.WithGroup("g").With("b", 3)
	for log, want := range map[*slog.Logger]string{
		base: `{"a":1,"g":{"z":0}}`, one: `{"a":1,"g":{"b":1,"z":0}}`, two: `{"a":1,"g":{"c":2,"z":0}}`,
		plain: `{"g":1,"a":2,"z":0}`, grouped: `{"a":2,"g":{"b":3,"z":0}}`, deep: `{"a":1,"g":{"x":{"z":0}}}`, other: `{"a":1,"g":{"y":{"z":0}}}`,
	} {
		log.Info("m", "z", 0)
		if m := b.One(); bridgetest.Fields(m) != want {
			t.Errorf("got %s, want %s", bridgetest.Fields(m), want)
		}
	}
}

func TestSource(t *testing.T) {
	b := bridgetest.New(t)
	log := slog.New(New(b.Client, &Options{AddSource: true}))
	_, file, line, _ := runtime.Caller(0)
	log.WithGroup("g").Info("m", "a", 1)
	m := b.One()
	source, _ := m.Field("source")
	function, _ := m.Field("source", "function")
	where, _ := m.Field("source", "file")
	at, _ := m.Field("source", "line")
	n, _ := at.Int()
	if where.String() != file || int(n) != line+1 || !strings.HasSuffix(function.String(), ".TestSource") ||
		bridgetest.Fields(m) != `{"source":`+source.JSON()+`,"g":{"a":1}}` {
		t.Error(m.JSON())
	}
	log.With("source", "mine").Info("m")
	if m := b.One(); bridgetest.Fields(m) != `{"source":"mine"}` {
		t.Error(m.JSON())
	}
	log.Info("m")
	if _, ok := b.One().Field("source", "line"); !ok {
		t.Error("no source without attributes")
	}
	if err := log.Handler().Handle(t.Context(), slog.Record{Message: "m"}); err != nil {
		t.Error(err)
	}
	if m := b.One(); bridgetest.Fields(m) != "{}" {
		t.Errorf("a record from nowhere has %s", bridgetest.Fields(m))
	}
}

func TestLevels(t *testing.T) {
	b := bridgetest.New(t)
	var least slog.LevelVar
	least.Set(-100)
	log := slog.New(New(b.Client, &Options{Level: &least}))
	for level, want := range map[slog.Level]envelope.Severity{
		-100: envelope.Debug, slog.LevelDebug: envelope.Debug, -1: envelope.Debug, slog.LevelInfo: envelope.Info, 1: envelope.Info,
		2: envelope.Notice, 3: envelope.Notice, slog.LevelWarn: envelope.Warning, 7: envelope.Warning, slog.LevelError: envelope.Error,
		11: envelope.Error, 12: envelope.Critical, 100: envelope.Critical,
	} {
		log.Log(t.Context(), level, "m")
		if got := b.One().Severity(); got != want {
			t.Errorf("level %d is %v, want %v", level, got, want)
		}
	}
	least.Set(slog.LevelWarn)
	if log.Enabled(t.Context(), slog.LevelInfo) || !log.With("a", 1).Enabled(t.Context(), slog.LevelWarn) {
		t.Error("the level that was set later does not count")
	}
	byDefault := New(b.Client, &Options{})
	if byDefault.Enabled(t.Context(), slog.LevelDebug) || !byDefault.Enabled(t.Context(), slog.LevelInfo) {
		t.Error("the default is not Info")
	}
}

func TestTime(t *testing.T) {
	b := bridgetest.New(t)
	at := time.Date(2026, 3, 2, 14, 30, 0, 123456000, time.FixedZone("", 9000))
	if err := New(b.Client, nil).Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "m", 0)); err != nil {
		t.Fatal(err)
	}
	if v, _ := b.One().Member("timestamp"); v.String() != "2026-03-02T12:00:00.123456Z" {
		t.Errorf("timestamp is %s", v)
	}
}

func TestTooDeep(t *testing.T) {
	b := bridgetest.New(t)
	log := slog.New(New(b.Client, nil))
	for range 70 {
		log = log.WithGroup("g")
	}
	log.Warn("deep", "a", 1)
	m := b.One()
	v, ok := m.Field("attributes")
	if !ok || !strings.HasPrefix(v.String(), "!ERROR: ") || !strings.Contains(v.String(), "deep") || m.Payload() != "deep" || m.Severity() != envelope.Warning {
		t.Error(m.JSON())
	}
	if a := b.Client.Account(); a.Offered != 1 || a.Done != 1 || b.Client.Damaged() != 1 {
		t.Errorf("%d damaged: %+v", b.Client.Damaged(), a)
	}
}

// What the client would not write, a logger of it does not write either, and what it counts is counted.
func TestMaps(t *testing.T) {
	shared := map[string]int{"a": 1}
	log := func(m *metlog.Client) {
		slog.New(New(m, nil)).With("w", shared).WithGroup("g").Info("m", "m", struct{ M map[string]int }{shared})
	}
	b := bridgetest.New(t)
	log(b.Client)
	if m := b.One(); bridgetest.Fields(m) != `{"w":"!MAP: map[string]int of 1","g":{"m":"!MAP: in struct { M map[string]int }"}}` {
		t.Error(m.JSON())
	}
	if n := b.Client.Damaged(); n != 2 {
		t.Errorf("%d damaged, want 2", n)
	}
	m, err := metlog.New(&b.Sent, &metlog.Options{Logger: "shop", Maps: true})
	if err != nil {
		t.Fatal(err)
	}
	log(m)
	if err := m.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := b.One(); bridgetest.Fields(m) != `{"w":{"a":1},"g":{"m":{"M":{"a":1}}}}` {
		t.Error(m.JSON())
	}
}

type panics struct{}

func (panics) LogValue() slog.Value { panic("boom") }

// A logs is a value that logs itself when it is logged.
type logs struct{ to *slog.Logger }

func (l logs) LogValue() slog.Value {
	l.to.Info("inner", "c", 1)
	return slog.StringValue("logged")
}

func TestValuesOfTheApplication(t *testing.T) {
	b := bridgetest.New(t)
	log := slog.New(New(b.Client, nil))
	log.With("w", panics{}).Info("m", "a", panics{}, "b", 1)
	if m := b.One(); bridgetest.Fields(m) != `{"w":"!PANIC: boom","a":"!PANIC: boom","b":1}` {
		t.Error(m.JSON())
	}
	if n := b.Client.Damaged(); n != 2 {
		t.Errorf("%d damaged, want 2", n)
	}
	log.Info("outer", "a", 1, "l", logs{log}, "b", 2)
	if err := b.Client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := b.Sent.TakeAll()
	if len(all) != 2 || bridgetest.Fields(&all[0]) != `{"c":1}` || bridgetest.Fields(&all[1]) != `{"a":1,"l":"logged","b":2}` {
		t.Errorf("got %d messages", len(all))
	}
}

func TestConcurrent(t *testing.T) {
	b := bridgetest.New(t)
	base := slog.New(New(b.Client, nil)).With("a", 1)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			log := base.With("w", w)
			for i := range 100 {
				log.Info("m", "i", i, "twice", w*1000+i)
			}
		})
	}
	all.Wait()
	if err := b.Client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := b.Sent.TakeAll()
	for i := range got {
		w, _ := got[i].Field("w")
		n, _ := got[i].Field("i")
		twice, _ := got[i].Field("twice")
		nw, _ := w.Int()
		ni, _ := n.Int()
		if nt, _ := twice.Int(); nt != nw*1000+ni {
			t.Fatalf("mixed up: %s", got[i].JSON())
		}
	}
	if len(got) != 800 {
		t.Errorf("%d messages, want 800", len(got))
	}
}

func TestAfterShutdown(t *testing.T) {
	b := bridgetest.New(t)
	log := slog.New(New(b.Client, nil))
	if err := b.Client.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.Info("late")
	if a := b.Client.Account(); a.Dropped["closed"] != 1 {
		t.Errorf("%+v", a)
	}
}

func TestNilClient(t *testing.T) {
	defer func() {
		if thrown, _ := recover().(string); !strings.Contains(thrown, "nil client") {
			t.Errorf("thrown was %q", thrown)
		}
	}()
	New(nil, nil)
}

// A level that is nil inside, as that of a configuration that has none, is none: nothing panics later, in a log call.
func TestLevelNilInside(t *testing.T) {
	b := bridgetest.New(t)
	l := slog.New(New(b.Client, &Options{Level: (*slog.LevelVar)(nil)}))
	l.Debug("no")
	l.Info("yes")
	if m := b.One(); m.Payload() != "yes" {
		t.Errorf("sent %s", m.JSON())
	}
}

// Memory for another record keeps nothing of the last one's alive.
func TestDraftsLetGo(t *testing.T) {
	b := bridgetest.New(t)
	h := New(b.Client, &Options{AddSource: true})
	d := &draft{client: b.Client}
	h.drafts.New = func() any { return d }
	slog.New(h).Info("m", "a", "1", "b", "2", "c", "3")
	for _, a := range d.attrs[:cap(d.attrs)] {
		if !a.Equal(slog.Attr{}) {
			t.Errorf("%v is kept", a)
		}
	}
	b.One()
}
