package zerologsink

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A terminal is what a logger writes to.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *terminal) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Split(strings.TrimSuffix(w.text.String(), "\n"), "\n")
}

func TestConformance(t *testing.T) {
	var screen *terminal
	sinktest.Run(t, sinktest.Harness{
		New: func(testing.TB) sink.Sink {
			screen = new(terminal)
			return New(zerolog.New(screen))
		},
		Key: func(m *envelope.Message) string {
			name, _ := m.Field("name")
			return name.String()
		},
		Received: func(t testing.TB) (names []string) {
			for _, line := range screen.lines() {
				var printed struct{ Fields struct{ Name string } }
				if line == "" {
					continue
				}
				if err := json.Unmarshal([]byte(line), &printed); err != nil {
					t.Errorf("%v in %s", err, line)
				}
				names = append(names, printed.Fields.Name)
			}
			return names
		},
		Ordered: true,
	})
}

func TestLines(t *testing.T) {
	for _, test := range []struct{ name, message, want string }{
		{"all members",
			`{"type":"oldstyle","timestamp":"2026-03-02T12:00:00.5Z","logger":"shop","severity":4,"payload":"slow \"disk\"\n","fields":{"ms": 1500,"n":1.50},"env_version":"0.8","metlog_pid":7,"metlog_hostname":"web3"}`,
			`{"level":"warn","time":"2026-03-02T12:00:00.5Z","type":"oldstyle","logger":"shop","host":"web3","pid":7,"fields":{"ms": 1500,"n":1.50},"message":"slow \"disk\"\n"}`},
		{"few members", `{"type":"x"}`, `{"level":"info","type":"x"}`},
		{"members of odd types", `{"type":1,"payload":{"a":1},"fields":[2],"timestamp":17}`,
			`{"level":"info","type":"1","fields":[2],"message":"{\"a\":1}"}`},
		{"no fields", `{"type":"x","fields":{}}`, `{"level":"info","type":"x"}`},
		{"timer", `{"type":"timer","payload":"38","fields":{"name":"cart.store","rate":1}}`,
			`{"level":"info","type":"timer","fields":{"name":"cart.store","rate":1},"message":"timer cart.store 38"}`},
		{"counter", `{"type":"counter","payload":"-1","fields":{"name":"carts \"open\"\n"}}`,
			`{"level":"info","type":"counter","fields":{"name":"carts \"open\"\n"},"message":"counter carts \"open\"\n -1"}`},
		{"gauge", `{"type":"gauge","payload":"7","fields":{"name":"queue"}}`,
			`{"level":"info","type":"gauge","fields":{"name":"queue"},"message":"gauge queue 7"}`},
		{"timer without a name", `{"type":"timer","payload":"38","fields":{"rate":1}}`,
			`{"level":"info","type":"timer","fields":{"rate":1},"message":"38"}`},
		{"no metric, with a name", `{"type":"x","payload":"38","fields":{"name":"cart.store"}}`,
			`{"level":"info","type":"x","fields":{"name":"cart.store"},"message":"38"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := zerolog.TimeFieldFormat
			zerolog.TimeFieldFormat = time.RFC3339Nano
			defer func() { zerolog.TimeFieldFormat = before }()
			m, err := envelope.Parse([]byte(test.message))
			if err != nil {
				t.Fatal(err)
			}
			screen := new(terminal)
			if err := New(zerolog.New(screen)).Send(t.Context(), []envelope.Message{m}); err != nil {
				t.Fatal(err)
			}
			if got := screen.lines(); len(got) != 1 || got[0] != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for severity, want := range map[envelope.Severity]string{
		envelope.Emergency: "panic", envelope.Alert: "panic", envelope.Critical: "fatal", envelope.Error: "error",
		envelope.Warning: "warn", envelope.Notice: "info", envelope.Info: "info", envelope.Debug: "debug",
	} {
		m, err := envelope.Draft{Type: "x", Severity: severity}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		screen := new(terminal)
		if err := New(zerolog.New(screen)).Send(t.Context(), []envelope.Message{m}); err != nil {
			t.Fatal(err)
		}
		if got := screen.lines()[0]; !strings.HasPrefix(got, `{"level":"`+want+`",`) {
			t.Errorf("%v: %s, want %s", severity, got, want)
		}
	}
}

func TestBooks(t *testing.T) {
	debug, err := envelope.Draft{Type: "x", Severity: envelope.Debug}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	worse, err := envelope.Draft{Type: "x", Severity: envelope.Error}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	screen := new(terminal)
	s := New(zerolog.New(screen).Level(zerolog.InfoLevel))
	err = s.Send(context.Background(), []envelope.Message{debug, worse, {}, debug, worse})
	failures := 0
	for i, e := range sink.Failures(err, 5) {
		if failures++; i != 2 || !sink.IsPermanent(e) {
			t.Errorf("message %d: %v", i, e)
		}
	}
	a := s.Account()
	if failures != 1 || !a.Balanced() || a.Offered != 5 || a.Done != 2 || a.Refused != 1 || a.Dropped["filtered"] != 2 || a.Name != "zerolog" {
		t.Errorf("%d failures, %+v", failures, a)
	}
	if n := len(screen.lines()); n != 2 || !s.Borrows() {
		t.Errorf("%d lines", n)
	}
}
