package zerologsource

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/bridgetest"
)

type sentryEvent struct {
	EventID   string    `json:"event_id"`
	Timestamp time.Time `json:"timestamp"`
	Platform  string    `json:"platform"`
	Level     string    `json:"level"`
	LogEntry  struct {
		Formatted string `json:"formatted"`
	} `json:"logentry"`
	Exception struct {
		Values []struct {
			Type       string `json:"type"`
			Value      string `json:"value"`
			Stacktrace struct {
				Frames []frame `json:"frames"`
			} `json:"stacktrace"`
		} `json:"values"`
	} `json:"exception"`
}

type frame struct {
	Function string `json:"function"`
	Module   string `json:"module"`
	Filename string `json:"filename"`
	AbsPath  string `json:"abs_path"`
	Lineno   int    `json:"lineno"`
	InApp    *bool  `json:"in_app"`
	Context  string `json:"context_line"`
}

// decode reads the event that a message's payload is.
func decode(t *testing.T, m *envelope.Message) (e sentryEvent) {
	t.Helper()
	if m.Type() != envelope.TypeException {
		t.Fatalf("type is %s", m.Type())
	}
	if err := json.Unmarshal([]byte(m.Payload()), &e); err != nil {
		t.Fatalf("%v in %s", err, m.Payload())
	}
	if len(e.EventID) != 32 || e.Platform != "go" || len(e.Exception.Values) != 1 || e.Timestamp.IsZero() {
		t.Fatalf("event is %s", m.Payload())
	}
	return e
}

func TestEventOfStack(t *testing.T) {
	set(t, &zerolog.ErrorStackMarshaler, func(error) any {
		return []map[string]string{
			{"func": "inner", "source": "cart.go", "line": "12"},
			{"func": "outer", "source": "main.go", "line": "7"},
			{"func": "odd", "source": "", "line": "x"},
			{"func": "goexit", "source": "asm_amd64.s", "line": "1"},
		}
	})
	b := newBench(t, nil)
	log := logger(b)
	log.Warn().Stack().Err(errors.New("no \"stock\"\x01")).Int("item", 3).Msg("cannot\nsell")
	m := b.One()
	e := decode(t, m)
	x := e.Exception.Values[0]
	if e.Level != "warning" || e.LogEntry.Formatted != "cannot\nsell" || x.Type != "error" || x.Value != "no \"stock\"\x01" {
		t.Errorf("event is %s", m.Payload())
	}
	yes, no := true, false
	want := []frame{
		{Function: "goexit", Filename: "asm_amd64.s", Lineno: 1, InApp: &no}, {Function: "odd", InApp: &yes},
		{Function: "outer", Filename: "main.go", Lineno: 7, InApp: &yes}, {Function: "inner", Filename: "cart.go", Lineno: 12, InApp: &yes},
	}
	if !reflect.DeepEqual(x.Stacktrace.Frames, want) {
		t.Errorf("frames are in %s", m.Payload())
	}
	text, _ := m.Field("msg")
	if _, ok := m.Field("stack"); !ok || m.Severity() != envelope.Warning || text.String() != "cannot\nsell" {
		t.Error(m.JSON())
	}
}

func TestEventOfStacksOfOtherShapes(t *testing.T) {
	for _, stack := range []string{`[]`, `{}`, `[[]]`, `[1,"a",null]`, `[{"func":1,"line":2,"source":{}}]`, `"goroutine 1:\nmain.main()"`, `[{}`, `[`} {
		b := newBench(t, nil)
		log := logger(b)
		log.Error().RawJSON("stack", []byte(stack)).RawJSON("error", []byte(`{"code":7}`)).Msg("m")
		m := b.One()
		if strings.Count(stack, "[")+strings.Count(stack, "{") > strings.Count(stack, "]")+strings.Count(stack, "}") {
			if m.Type() != envelope.TypeLog {
				t.Errorf("stack %s: %s", stack, m.JSON())
			}
			continue
		}
		e := decode(t, m)
		if hasFrames := strings.Contains(stack, `{"func"`) || stack == `[{}]`; strings.Contains(m.Payload(), "stacktrace") != hasFrames {
			t.Errorf("stack %s: event is %s", stack, m.Payload())
		}
		if e.Exception.Values[0].Value != `{"code":7}` {
			t.Errorf("stack %s: event is %s", stack, m.Payload())
		}
	}
}

func TestEventOfFatalAndPanic(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	for _, level := range []zerolog.Level{zerolog.FatalLevel, zerolog.PanicLevel} {
		log.WithLevel(level).Str("a", "b").Msg("the end")
		m := b.One()
		e := decode(t, m)
		x := e.Exception.Values[0]
		if e.Level != "fatal" || x.Type != level.String() || x.Value != "the end" || bridgetest.Fields(m) != `{"msg":"the end","a":"b"}` {
			t.Error(m.JSON())
		}
		frames := x.Stacktrace.Frames
		if len(frames) == 0 {
			t.Fatal("no frames")
		}
		last := frames[len(frames)-1]
		if last.InApp == nil || !*last.InApp || last.Function != "TestEventOfFatalAndPanic" || !strings.HasSuffix(last.Filename, "/event_test.go") || last.Lineno == 0 ||
			!strings.HasSuffix(last.Module, "source/zerologsource") || !strings.HasSuffix(last.AbsPath, "/event_test.go") {
			t.Errorf("the innermost frame is %+v", last)
		}
	}
	for _, level := range []zerolog.Level{zerolog.ErrorLevel, zerolog.NoLevel, 9} {
		log.WithLevel(level).Msg("no event")
		if m := b.One(); m.Type() != envelope.TypeLog {
			t.Error(m.JSON())
		}
	}
}

func TestEventText(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	log.WithLevel(zerolog.PanicLevel).Str("msg", "mine").Send()
	if m := b.One(); bridgetest.Fields(m) != `{"msg":"mine"}` {
		t.Error(m.JSON())
	}
	log.WithLevel(zerolog.PanicLevel).Msg(strings.Repeat("é", 1<<20))
	m := b.One()
	e := decode(t, m)
	if n := len(e.LogEntry.Formatted); n < 8<<10 || n > 8<<10+100 || !strings.HasSuffix(e.Exception.Values[0].Value, "é… (2097152 bytes)") {
		t.Errorf("%d bytes that end %q", n, e.LogEntry.Formatted[n-30:])
	}
}

func TestEventOfManyFrames(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	stack := `[{"func":"innermost"}` + strings.Repeat(`,{"func":"f"}`, 1000) + `]`
	log.Error().RawJSON("stack", []byte(stack)).Send()
	frames := decode(t, b.One()).Exception.Values[0].Stacktrace.Frames
	if len(frames) != maxFrames || frames[maxFrames-1].Function != "innermost" {
		t.Errorf("%d frames", len(frames))
	}
}

// An event has what one of Exception's has: lines of source, a context, no secrets, a bound and a limit.
func TestEventIsAsAnExceptions(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	const secret = "hunt" + "er2"
	log.WithLevel(zerolog.PanicLevel).Str("password", secret).Str("dsn", "db://amy:"+secret+"@x/?token="+secret).Int("item", 3).Msg("see /a?key=" + secret)
	m := b.One()
	frames := decode(t, m).Exception.Values[0].Stacktrace.Frames
	if last := frames[len(frames)-1]; !strings.Contains(last.Context, "WithLevel(zerolog.PanicLevel)") {
		t.Errorf("the innermost frame is %+v", last)
	}
	if strings.Contains(m.JSON(), secret) || !strings.Contains(m.Payload(), `"metlog":{"password":"[redacted]"`) {
		t.Error(m.JSON())
	}
	if want := `{"msg":"see /a?key=[redacted]","password":"[redacted]","dsn":"db://amy:[redacted]@x/?token=[redacted]","item":3}`; bridgetest.Fields(m) != want {
		t.Errorf("fields are %s, want %s", bridgetest.Fields(m), want)
	}
	log.Info().Str("password", secret).Msg("m")
	if m := b.One(); bridgetest.Fields(m) != `{"password":"`+secret+`"}` {
		t.Errorf("a plain line is %s", m.JSON())
	}
}

func TestEventsAreLimited(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	const lines = 1000
	began := time.Now()
	for range lines {
		log.WithLevel(zerolog.PanicLevel).Msg("boom")
		log.Error().RawJSON("stack", []byte(`[{"func":"f"}]`)).Msg("m")
	}
	most := 2 * 10 * (int(time.Since(began)/time.Second) + 2)
	n := len(b.All())
	if a := b.Client.Account(); n > most || a.Offered != 2*lines || a.Dropped["limited"] != uint64(2*lines-n) {
		t.Errorf("%d messages; %+v", n, a)
	}
}
