package metlog

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestShutdownWhileEmitting(t *testing.T) {
	for _, tt := range []struct {
		name string
		full Full
		end  func(*Client) error
	}{
		{"Shutdown", Drop, func(c *Client) error { return c.Shutdown(context.Background()) }},
		{"Shutdown, blocking", Block, func(c *Client) error { return c.Shutdown(context.Background()) }},
		{"Close", Drop, (*Client).Close},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := new(sinktest.Recorder)
			c := start(t, to, &Options{Full: tt.full, FlushInterval: time.Millisecond})
			timer, order := c.Timer("a"), c.Prepare("order", "n")
			const goroutines, each = 100, 40
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for i := range each {
						c.Emit(t.Context(), "a", "b", slog.Int("n", i))
						c.Emit(t.Context(), "a", "b", slog.Any("pair", pair{1, i}))
						order.Emit(t.Context(), "", slog.IntValue(i))
						timer.Start().Stop()
						_ = c.EmitJSON(t.Context(), time.Time{}, envelope.Info, "a", "", []byte(`{}`))
					}
				})
			}
			_ = to.Wait(t.Context(), 1)
			err := tt.end(c)
			if tt.name != "Close" && err != nil {
				t.Error(err)
			}
			taken := to.Len()
			wg.Wait()
			a := balanced(t, c)
			if a.Offered != 5*goroutines*each || a.Held != 0 || a.Done != uint64(taken) || to.Len() != taken {
				t.Errorf("%+v, the sink took %d and now has %d", a, taken, to.Len())
			}
			if left := (*sink.LeftError)(nil); errors.As(err, &left) && left.Messages != a.Dropped["shutdown"] {
				t.Errorf("%v, %+v", err, a)
			}
		})
	}
}

func TestAfterShutdown(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	timer := c.Timer("a")
	running := timer.Start()
	c.Emit(t.Context(), "a", "")
	for range 2 {
		if err := c.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	running.Stop()
	timer.Start().Stop()
	c.Emit(t.Context(), "a", "")
	c.Emit(t.Context(), "a", strings.Repeat("x", 2*largeMessage))
	c.Incr("a", 1)
	c.Exception(t.Context(), errors.New("late"))
	c.Prepare("a").Emit(t.Context(), "")
	if err := c.EmitJSON(t.Context(), time.Time{}, envelope.Info, "a", "", []byte(`{}`)); err != nil {
		t.Error(err)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	c.SetRates(Rates{})
	if to.Len() != 1 || to.Closed() {
		t.Errorf("%d messages; sink closed: %v", to.Len(), to.Closed())
	}
	dropped(t, c, map[string]uint64{"closed": 8})
}

func TestShutdownSendsWhatIsThere(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{FlushInterval: time.Hour})
	for range 1000 {
		c.Incr("a", 1)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Shutdown(ended); err != nil { // nothing had to wait
		t.Error(err)
	}
	if a := balanced(t, c); a.Done != 1000 {
		t.Errorf("%+v", a)
	}
}

func TestShutdownOfStalledSink(t *testing.T) {
	hung := make(chan struct{})
	defer close(hung)
	for _, tt := range []struct {
		name  string
		fault sinktest.Fault
		waits time.Duration
	}{
		{"heeds its context", sinktest.Block(nil), 5 * time.Second},
		{"does not", func(context.Context, []envelope.Message) error { time.Sleep(time.Hour); return nil }, 6 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := new(sinktest.Recorder)
				to.Plan(tt.fault)
				c := start(t, to, nil)
				for range 1000 {
					c.Incr("a", 1)
				}
				time.Sleep(time.Second)
				c.Incr("a", 1)
				grace, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				begin := time.Now()
				err := c.Shutdown(grace)
				if took := time.Since(begin); took != tt.waits {
					t.Errorf("Shutdown took %v", took)
				}
				left := (*sink.LeftError)(nil)
				if !errors.As(err, &left) || left.Messages != 1001 || left.Bytes < 100_000 || !strings.Contains(left.Name, "sinktest.Recorder") {
					t.Errorf("%+v", err)
				}
				if again := c.Close(); again == nil || again.Error() != err.Error() {
					t.Errorf("again: %v", again)
				}
				dropped(t, c, map[string]uint64{"shutdown": 1001})
				time.Sleep(2 * time.Hour)
				dropped(t, c, map[string]uint64{"shutdown": 1001})
			})
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		for range 10 {
			c.Incr("a", 1)
		}
		left := (*sink.LeftError)(nil)
		if err := c.Close(); !errors.As(err, &left) || left.Messages != 10 {
			t.Error(err)
		}
		if to.Len() != 0 {
			t.Errorf("%d were sent", to.Len())
		}
		dropped(t, c, map[string]uint64{"shutdown": 10})
	})
}

// Bridges flush whenever a program may end, so a Flush that waits in vain, or comes too late, leaves nothing behind.
func TestManyFlushesLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		release := make(chan struct{})
		to.Plan(sinktest.Block(release))
		c := start(t, to, nil)
		c.Emit(t.Context(), "a", "")
		time.Sleep(time.Second) // the sink has it
		for range 100 {
			soon, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := c.Flush(soon); err == nil {
				t.Fatal("nothing was flushed")
			}
			cancel()
		}
		if n := len(c.tickets); n > 1 {
			t.Errorf("%d wait while the sink hangs", n)
		}
		close(release)
		if err := c.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for range 100 {
			flush(t, c)
		}
		if n := len(c.tickets); n > 1 {
			t.Errorf("%d wait for ever", n)
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		release := make(chan struct{})
		to.Plan(sinktest.Block(release))
		c := start(t, to, nil)
		if err := c.Flush(t.Context()); err != nil { // nothing is there
			t.Error(err)
		}
		c.Incr("a", 1)
		short, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if err := c.Flush(short); err == nil || err.Error() != "enough" {
			t.Error(err)
		}
		c.Incr("a", 1)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := c.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				if to.Len() != 2 {
					t.Errorf("%d messages", to.Len())
				}
			})
		}
		close(release)
		wg.Wait()
	})
}
