package metlog

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestNewRefuses(t *testing.T) {
	var typedNil *sinktest.Recorder
	for _, tt := range []struct {
		name string
		to   sink.Sink
		o    Options
		want string
	}{
		{"no sink", nil, Options{}, "nil sink"},
		{"a nil pointer", typedNil, Options{}, "nil sink"},
		{"severity", hole{}, Options{Severity: 2}, "Severity"},
		{"severity", hole{}, Options{Severity: -7}, "Severity"},
		{"PID", hole{}, Options{PID: -1}, "PID"},
		{"MaxBytes", hole{}, Options{MaxBytes: leastMaxBytes - 1}, "MaxBytes"},
		{"Full", hole{}, Options{Full: 2}, "Full"},
		{"FlushInterval", hole{}, Options{FlushInterval: -1}, "FlushInterval"},
		{"Logger", hole{}, Options{Logger: "shop\nevil"}, `Logger has a control character: "shop\nevil"`},
		{"Filters", hole{}, Options{Filters: []Filter{NotTypes(), nil}}, "Filters[1]"},
	} {
		if _, err := New(tt.to, &tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	c.Emit(t.Context(), "a", "")
	flush(t, c)
	m := to.All()[0]
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	pid := m.PID()
	if m.Logger() != "metlog.test" || pid != os.Getpid() || m.Hostname() != host || m.Severity() != envelope.Info {
		t.Error(m.JSON())
	}
}

func TestLedger(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{Logger: "shop"})
	if next := c.Next(); len(next) != 1 || next[0] != sink.Sink(to) {
		t.Error(next)
	}
	books := ledger.New(c)
	c.Incr("a", 1)
	if err := books.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := books.Balance(); err != nil {
		t.Error(err)
	}
	if text := books.String(); !strings.Contains(text, "metlog shop -> sinktest.Recorder") || !to.Closed() || to.Len() != 1 {
		t.Error(text)
	}
}

// All books balance at all times, whatever goes on.
func TestAccountAtAnyTime(t *testing.T) {
	to := &sinktest.Recorder{Borrower: true}
	to.Plan(sinktest.FailEvery(3, errors.New("no")))
	c := start(t, to, &Options{Rates: rates(t, "*=0.5"), FlushInterval: time.Microsecond, Filters: []Filter{NotTypes("b")}})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := c.Prepare("a", "b", "c")
		for ctx.Err() == nil {
			c.Emit(ctx, "a", "")
			c.Emit(ctx, "b", "")
			c.Emit(ctx, "a", "", slog.Any("pair", pair{}))
			c.Incr("a", 1)
			p.Emit(ctx, "")
			_ = c.EmitJSON(ctx, time.Time{}, envelope.Info, "a", "", []byte(`{`))
		}
	}()
	last := uint64(0)
	for range 2000 {
		a := balanced(t, c)
		if a.Done+a.Refused < last {
			t.Fatal("an account went back")
		}
		last = a.Done + a.Refused
	}
	stop()
	<-done
}

func TestPreparedCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		to := new(sinktest.Recorder)
		c := start(t, to, &Options{OnError: func(err error) { told = append(told, err) }})
		p := c.Prepare("order", "id", "total")
		p.Emit(t.Context(), "")
		for range 3 {
			time.Sleep(2 * time.Second)
			p.Emit(t.Context(), "", slog.IntValue(1), slog.IntValue(2), slog.IntValue(3))
		}
		p.Emit(t.Context(), "", slog.IntValue(1), slog.IntValue(2))
		flush(t, c)
		synctest.Wait()
		dropped(t, c, map[string]uint64{"values": 4})
		want := `metlog: prepared "order" takes 2 values ["id" "total"] and was given 0`
		if len(told) != 1 || told[0].Error() != want {
			t.Errorf("told %v", told)
		}
	})
}

func TestOnErrorIsRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		to.Plan(sinktest.Fail(errors.New("no")))
		var told []string
		var c *Client
		c = start(t, to, &Options{OnError: func(err error) {
			told = append(told, err.Error())
			c.Log(t.Context(), envelope.Error, err.Error()) // an application that feeds itself
		}})
		for range 100 {
			c.Incr("a", 1)
			time.Sleep(50 * time.Millisecond)
		}
		if len(told) < 4 || len(told) > 6 {
			t.Errorf("told %d times in five seconds: %q", len(told), told)
		}
		if err := c.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if last := told[len(told)-1]; !strings.HasPrefix(last, "metlog: ") || !strings.HasSuffix(last, "messages refused, the last: no") {
			t.Error(last)
		}
	})
}

func TestOnErrorMisbehaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		to.Plan(sinktest.Fail(errors.New("no")))
		var calls atomic.Int32
		c := start(t, to, &Options{OnError: func(error) {
			if calls.Add(1) == 2 {
				time.Sleep(time.Hour) // hangs, for the client's purposes
			}
			panic("OnError")
		}})
		for range 100 {
			c.Incr("a", 1)
			time.Sleep(time.Second)
		}
		flush(t, c)
		if n := calls.Load(); n != 2 {
			t.Errorf("called %d times", n)
		}
		dropped(t, c, map[string]uint64{"refused": 100})
		_ = c.Shutdown(t.Context())
		time.Sleep(2 * time.Hour)
	})
}
