package sink_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// slabOf returns n messages of about 300 bytes that lie in one slab.
func slabOf(tb testing.TB, n int) []envelope.Message {
	tb.Helper()
	var frame strings.Builder
	for i := range n {
		fmt.Fprintf(&frame, `{"type":"t%d","payload":"%0250d","env_version":"0.8"}`+"\n", i, i)
	}
	var p envelope.Parser
	batch, err := p.AppendParse(nil, frame.String(), frame.Len(), envelope.Meta{Received: time.Now(), ID: envelope.NewID()})
	if err != nil {
		tb.Fatal(err)
	}
	return batch
}

// down is a sink that takes nothing, and allocates nothing.
type down struct{}

func (down) Send(context.Context, []envelope.Message) error { return errDown }

func TestTheBoundInBytesIsHonest(t *testing.T) {
	if raceEnabled {
		return // the race detector has a heap of its own
	}
	later := sink.Backoff{Min: time.Hour, Max: time.Hour}
	tests := []struct {
		name string
		next sink.Sink
		part func([]envelope.Message) []envelope.Message // what the queue gets of a slab of 256
		n    int                                         // slabs
	}{
		{"one of each slab", down{}, func(b []envelope.Message) []envelope.Message { return b[100:101] }, 1500},
		{"1 %, scattered", down{}, func(b []envelope.Message) []envelope.Message {
			return []envelope.Message{b[3], b[120], b[250]}
		}, 500},
		{"all", down{}, func(b []envelope.Message) []envelope.Message { return b }, 20},
		{"all, and one of each is set aside", &butOne{}, func(b []envelope.Message) []envelope.Message { return b }, 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := queue(t, test.next, &sink.QueueOptions{Backoff: later, MaxBytes: 256 << 20, BatchMessages: 256})
			before := heap()
			offered := 0
			for range test.n {
				batch := test.part(slabOf(t, 256))
				offered += len(batch)
				if err := q.Send(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			}
			held := settled(t, q)
			used := heap() - before
			if held.Held == 0 || held.HeldBytes == 0 {
				t.Fatalf("it holds nothing: %+v", held)
			}
			if limit := held.HeldBytes*3/2 + 2<<20; used > limit {
				t.Errorf("%d messages of %d are held and said to take %d KiB; the heap grew by %d KiB",
					held.Held, offered, held.HeldBytes>>10, used>>10)
			}
			_ = q.Close()
			if used := int64(heap()) - int64(before); used > 2<<20 {
				t.Errorf("after Close the heap is %d KiB larger", used>>10)
			}
			runtime.KeepAlive(q)
		})
	}
}

// butOne takes every message of a batch but one.
type butOne struct{ n int }

func (b *butOne) Send(_ context.Context, batch []envelope.Message) error {
	if b.n++; len(batch) < 2 {
		return errDown
	}
	return &sink.BatchError{Failed: []sink.Failure{{Index: b.n % len(batch), Err: errDown}}}
}

// settled returns the account when nothing changes in it any more.
func settled(t *testing.T, q *sink.Queue) sink.Account {
	t.Helper()
	last := account(t, q)
	for same := 0; same < 5; {
		time.Sleep(5 * time.Millisecond)
		now := account(t, q)
		if now.Done == last.Done && now.Held == last.Held {
			same++
		} else {
			same = 0
		}
		last = now
	}
	return last
}

// What has left the queue keeps no memory, whichever way it left.
func TestWhatIsGoneIsNotPinned(t *testing.T) {
	if raceEnabled {
		return
	}
	for name, next := range map[string]sink.Sink{
		"sent":     sink.Discard,
		"given up": sink.Each(func(context.Context, envelope.Message) error { return bad }),
		"given up, but one waits": sink.Each(func(_ context.Context, m envelope.Message) error {
			if m.Type() == "waits" {
				return errDown
			}
			return bad
		}),
	} {
		t.Run(name, func(t *testing.T) {
			q := queue(t, next, &sink.QueueOptions{Backoff: sink.Backoff{Min: time.Hour, Max: time.Hour}, BatchBytes: 64 << 20})
			before := heap()
			if err := q.Send(t.Context(), bigOnes(t, 64)); err != nil {
				t.Fatal(err)
			}
			settled(t, q)
			if used := int64(heap()) - int64(before); used > 4<<20 {
				t.Errorf("the heap is %d KiB larger", used>>10)
			}
			_ = q.Close()
		})
	}
}

// bigOnes returns a small message and n of 256 KiB.
func bigOnes(tb testing.TB, n int) []envelope.Message {
	tb.Helper()
	big := strings.Repeat("x", 256<<10)
	batch := batchFrom(envelope.Draft{Type: "waits"})
	for range n {
		m, err := envelope.Parse(fmt.Appendf(nil, `{"type":"t","payload":%q}`, big))
		if err != nil {
			tb.Fatal(err)
		}
		batch = append(batch, m)
	}
	return batch
}

// A queue that was full and is empty again has given the memory back.
func TestABurstIsForgotten(t *testing.T) {
	if raceEnabled {
		return
	}
	next := &stopper{release: make(chan struct{})}
	q := queue(t, next, &sink.QueueOptions{MaxMessages: 100_000, MaxBytes: 256 << 20})
	defer closed(t, q)
	before := heap()
	batch := slabOf(t, 256)
	for range 50_000 / 256 {
		if err := q.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	close(next.release)
	for range 4 {
		settled(t, q)
		if err := q.Send(t.Context(), batch[:1]); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, q)
	if used := int64(heap()) - int64(before); used > 3<<20 {
		t.Errorf("the heap is %d KiB larger", used>>10)
	}
}

type stopper struct{ release chan struct{} }

func (s *stopper) Send(context.Context, []envelope.Message) error { <-s.release; return nil }

func TestQueueAllocatesNothingForAMessage(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	q := queue(t, sink.Discard, &sink.QueueOptions{MaxMessages: 10_000, BatchMessages: 1000})
	defer closed(t, q)
	batch := slabOf(t, 256)
	const rounds = 400
	allocs := testing.AllocsPerRun(rounds, func() {
		if err := q.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 4 {
		t.Errorf("%v allocations for a batch of %d", allocs, len(batch))
	}
	few := batch[:3] // copied into a slab of their own
	allocs = testing.AllocsPerRun(rounds, func() {
		if err := q.Send(t.Context(), few); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 6 {
		t.Errorf("%v allocations for a part of a slab", allocs)
	}
	settled(t, q)
}
