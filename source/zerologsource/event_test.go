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
	m := b.one()
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
		m := b.one()
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
		m := b.one()
		e := decode(t, m)
		x := e.Exception.Values[0]
		if e.Level != "fatal" || x.Type != level.String() || x.Value != "the end" || fields(m) != `{"msg":"the end","a":"b"}` {
			t.Error(m.JSON())
		}
		frames := x.Stacktrace.Frames
		if len(frames) == 0 {
			t.Fatal("no frames")
		}
		last := frames[len(frames)-1]
		if last.InApp == nil || !*last.InApp || last.Function != "TestEventOfFatalAndPanic" || last.Filename != "event_test.go" || last.Lineno == 0 ||
			!strings.HasSuffix(last.Module, "source/zerologsource") || !strings.HasSuffix(last.AbsPath, "/event_test.go") {
			t.Errorf("the innermost frame is %+v", last)
		}
	}
	for _, level := range []zerolog.Level{zerolog.ErrorLevel, zerolog.NoLevel, 9} {
		log.WithLevel(level).Msg("no event")
		if m := b.one(); m.Type() != envelope.TypeLog {
			t.Error(m.JSON())
		}
	}
}

func TestEventText(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	log.WithLevel(zerolog.PanicLevel).Str("msg", "mine").Send()
	if m := b.one(); fields(m) != `{"msg":"mine"}` {
		t.Error(m.JSON())
	}
	log.WithLevel(zerolog.PanicLevel).Msg(strings.Repeat("é", 1<<20))
	m := b.one()
	e := decode(t, m)
	if n := len(e.LogEntry.Formatted); n < maxText || n > maxText+100 || !strings.HasSuffix(e.Exception.Values[0].Value, "é… (2097152 bytes)") {
		t.Errorf("%d bytes that end %q", n, e.LogEntry.Formatted[n-30:])
	}
}

func TestEventOfManyFrames(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	stack := `[{"func":"innermost"}` + strings.Repeat(`,{"func":"f"}`, 1000) + `]`
	log.Error().RawJSON("stack", []byte(stack)).Send()
	frames := decode(t, b.one()).Exception.Values[0].Stacktrace.Frames
	if len(frames) != maxFrames || frames[maxFrames-1].Function != "innermost" {
		t.Errorf("%d frames", len(frames))
	}
}

func TestSymbols(t *testing.T) {
	for symbol, want := range map[string][2]string{
		"main.main":                       {"main", "main"},
		"example.org/shop.(*Cart).Add":    {"example.org/shop", "(*Cart).Add"},
		"example.org/shop.Sum[...].func1": {"example.org/shop", "Sum[...].func1"},
		"gopkg.in/yaml%2ev3.Unmarshal":    {"gopkg.in/yaml.v3", "Unmarshal"},
		"odd":                             {"", "odd"},
	} {
		if module, function := splitSymbol(symbol); module != want[0] || function != want[1] {
			t.Errorf("%s: %q, %q", symbol, module, function)
		}
	}
}

func TestInApp(t *testing.T) {
	w := &Writer{module: "example.org/shop"}
	for module, want := range map[string]bool{
		"main": true, "example.org/shop": true, "example.org/shop/cart": true, "example.org/shopping": false, "net/http": false,
	} {
		if w.inApp(module) != want {
			t.Errorf("%s: %v", module, !want)
		}
	}
	if (&Writer{}).inApp("net/http") {
		t.Error("all is in the app when nobody knows")
	}
}

func TestEventLevels(t *testing.T) {
	for severity, want := range map[envelope.Severity]string{
		envelope.Emergency: "fatal", envelope.Critical: "fatal", envelope.Error: "error", envelope.Warning: "warning",
		envelope.Notice: "info", envelope.Info: "info", envelope.Debug: "debug",
	} {
		if got := sentryLevel(severity); got != want {
			t.Errorf("%v is %s, want %s", severity, got, want)
		}
	}
}
