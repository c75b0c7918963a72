package metlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A witness notes when it was sent how much.
type witness struct {
	mu    sync.Mutex
	start time.Time
	sends []string
}

func (w *witness) Send(_ context.Context, batch []envelope.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sends = append(w.sends, fmt.Sprintf("%d at %v", len(batch), time.Since(w.start)))
	return nil
}

func (w *witness) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sends)
}

// The first message starts the interval and later ones do not prolong it; while there is none, nothing happens.
func TestFlushInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &witness{start: time.Now()}
		c := start(t, to, nil)
		time.Sleep(time.Hour)
		for range 8 {
			c.Incr("a", 1)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		want := []string{"3 at 1h0m0.05s", "3 at 1h0m0.11s", "2 at 1h0m0.17s"}
		if got := to.all(); !slices.Equal(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
	})
}

// What fills as many chunks as are worth a wake-up does not wait.
func TestFullChunksAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &witness{start: time.Now()}
		c := start(t, to, &Options{FlushInterval: time.Hour})
		n := (len(c.shards)+eagerChunks)*chunkCount + 1
		for range n {
			c.Incr("a", 1)
		}
		synctest.Wait()
		if len(to.all()) == 0 {
			t.Error("nothing was sent")
		}
		a := c.Account()
		if a.Held == 0 || a.Done == 0 || !a.Balanced() || a.HeldBytes < 100*a.Held {
			t.Errorf("%+v", a)
		}
		flush(t, c)
		if a := c.Account(); a.Done != uint64(n) || a.HeldBytes != 0 {
			t.Errorf("%+v", a)
		}
	})
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		fault   sinktest.Fault
		refused uint64
	}{
		{"all", sinktest.Fail(errors.New("no")), 10},
		{"two", sinktest.FailAt(errors.New("no"), 3, 7), 2},
		{"panic", sinktest.Panic("boom"), 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := new(sinktest.Recorder)
				to.Plan(tt.fault)
				var told []error
				c := start(t, to, &Options{OnError: func(err error) { told = append(told, err) }})
				for range 10 {
					c.Incr("a", 1)
				}
				flush(t, c)
				synctest.Wait()
				dropped(t, c, map[string]uint64{"refused": tt.refused})
				if a := c.Account(); a.LastError == nil {
					t.Error("no last error")
				}
				if len(told) != 1 || !strings.Contains(told[0].Error(), fmt.Sprintf("%d messages refused", tt.refused)) {
					t.Errorf("told %v", told)
				}
			})
		})
	}
}

// What a stalled sink does not take is dropped, and the memory is bounded.
func TestStalledSink(t *testing.T) {
	to := &sinktest.Recorder{Borrower: true}
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, &Options{MaxBytes: leastMaxBytes})
	const n = 50_000
	for i := range n {
		c.Emit(t.Context(), "order", "paid", slog.Int("n", i))
	}
	a := balanced(t, c)
	if a.Offered != n || a.Held+a.Dropped["full"] != n || a.Held < 1000 || a.HeldBytes > leastMaxBytes {
		t.Errorf("%+v", a)
	}
	c.mu.Lock()
	chunks := len(c.ready) + len(c.inflight) + len(c.free)
	c.mu.Unlock()
	if most := leastMaxBytes / chunkBytes; chunks > most {
		t.Errorf("%d chunks, at most %d are allowed", chunks, most)
	}
	close(release)
	flush(t, c)
	c.Emit(t.Context(), "order", "there is room again")
	flush(t, c)
	after := balanced(t, c)
	if after.Done != a.Held+1 || after.Dropped["full"] != a.Dropped["full"] || to.Len() != int(after.Done) {
		t.Errorf("%+v", after)
	}
}

// Large messages count against the same bound.
func TestStalledSinkLargeMessages(t *testing.T) {
	to := new(sinktest.Recorder)
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, &Options{MaxBytes: leastMaxBytes})
	large := strings.Repeat("x", 200_000)
	for range 50 {
		c.Emit(t.Context(), "order", large)
		c.Emit(t.Context(), "order", "", slog.String("escaped", strings.Repeat("\x01", 20_000)))
	}
	a := balanced(t, c)
	if a.HeldBytes > leastMaxBytes || a.Held == 0 || a.Held+a.Dropped["full"] != 100 {
		t.Errorf("%+v", a)
	}
	close(release)
	flush(t, c)
	idle := 0 // memory of shards that wait for a message
	for i := range c.shards {
		if c.shards[i].chunk != nil {
			idle += chunkBytes
		}
	}
	if !c.reserve(leastMaxBytes - idle) { // what it took, it has given back
		t.Errorf("room for %d bytes, want %d", c.room, leastMaxBytes-idle)
	}
	c.unreserve(leastMaxBytes - idle)
}

func TestBlock(t *testing.T) {
	to := new(sinktest.Recorder)
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, &Options{MaxBytes: leastMaxBytes, Full: Block})
	const goroutines, each = 8, 2000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				c.Emit(context.Background(), "order", "paid", slog.Int("n", i))
				if i%500 == 0 {
					c.Emit(context.Background(), "order", strings.Repeat("x", 2*largeMessage))
				}
			}
		})
	}
	waits := func() bool { // for a chunk, or for the room of a large message
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.freed != nil
	}
	for !waits() {
		time.Sleep(time.Millisecond)
	}
	balanced(t, c)
	close(release)
	wg.Wait()
	flush(t, c)
	if a := balanced(t, c); a.Done != goroutines*(each+4) || len(a.Dropped) > 0 {
		t.Errorf("%+v", a)
	}
}

func TestBlockEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		to.Plan(sinktest.Block(nil))
		c := start(t, to, &Options{MaxBytes: leastMaxBytes, Full: Block})
		oneShard(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for ctx.Err() == nil {
			c.Emit(ctx, "order", "paid")
		}
		if a := balanced(t, c); a.Dropped["full"] != 1 {
			t.Errorf("%+v", a)
		}
		c.Emit(ctx, "order", strings.Repeat("x", 2*largeMessage))
		dropped(t, c, map[string]uint64{"full": 2})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { c.Incr("a", 1) }) // no ctx: until Shutdown
		}
		synctest.Wait()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := c.Shutdown(grace)
		wg.Wait()
		a := balanced(t, c)
		left := (*sink.LeftError)(nil)
		if !errors.As(err, &left) || left.Messages != a.Dropped["shutdown"] || a.Dropped["closed"] != 10 || a.Held != 0 {
			t.Errorf("%v, %+v", err, a)
		}
	})
}

// The memory of messages is used again when the sink borrows, and never when it does not.
func TestMemory(t *testing.T) {
	for _, borrower := range []bool{false, true} {
		t.Run(fmt.Sprint("borrower ", borrower), func(t *testing.T) {
			to := &sinktest.Recorder{Borrower: borrower}
			c := start(t, to, &Options{FlushInterval: time.Millisecond})
			const goroutines, each = 4, 3000
			var wg sync.WaitGroup
			for g := range goroutines {
				wg.Go(func() {
					for i := range each {
						c.Emit(t.Context(), fmt.Sprint("g", g), fmt.Sprint(g, "-", i), slog.Int("i", i))
					}
				})
			}
			wg.Wait()
			flush(t, c)
			seen := map[string]bool{}
			for _, m := range to.All() {
				i, _ := m.Field("i")
				if want := strings.TrimPrefix(m.Type(), "g") + "-" + i.String(); m.Payload() != want || seen[want] {
					t.Fatalf("a message changed: %s", m.JSON())
				}
				seen[m.Payload()] = true
			}
			if len(seen) != goroutines*each {
				t.Errorf("%d messages, want %d", len(seen), goroutines*each)
			}
		})
	}
}

// What a burst took is given back little by little.
func TestMemoryShrinks(t *testing.T) {
	to := &sinktest.Recorder{Borrower: true}
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, nil)
	for range 50 * chunkCount {
		c.Emit(t.Context(), "order", "")
	}
	close(release)
	flush(t, c)
	chunks := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return (defaultMaxBytes - c.room) / chunkBytes
	}
	most := chunks()
	for range 50 {
		c.Emit(t.Context(), "order", "")
		flush(t, c)
	}
	if now := chunks(); most < 40 || now > 2*len(c.shards) {
		t.Errorf("%d chunks at most, %d now", most, now)
	}
}

// Block holds for messages that turn out larger than they looked.
func TestBlockEscaped(t *testing.T) {
	to := new(sinktest.Recorder)
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, &Options{MaxBytes: leastMaxBytes, Full: Block})
	const n = 100
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			c.Emit(t.Context(), "order", "", slog.String("escaped", strings.Repeat("\x01", 20_000)))
		}
	}()
	for blocked := false; !blocked; {
		c.mu.Lock()
		blocked = c.freed != nil
		c.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	if a := balanced(t, c); a.Held == 0 || a.Held == n || a.HeldBytes > leastMaxBytes {
		t.Errorf("%+v", a)
	}
	close(release)
	<-done
	flush(t, c)
	if a := balanced(t, c); a.Done != n {
		t.Errorf("%+v", a)
	}
}

func TestChunkIsAsLargeAsItSays(t *testing.T) {
	if size := slabBytes + chunkCount*int(reflect.TypeFor[envelope.Message]().Size()); size != chunkBytes {
		t.Errorf("%d bytes, not %d", size, chunkBytes)
	}
}
