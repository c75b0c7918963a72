package sink_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// inBubble runs f with a fake clock, on a queue before next that has ended without an error when f has returned.
func inBubble(t *testing.T, next sink.Sink, o sink.QueueOptions, f func(*testing.T, *sink.Queue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := queue(t, next, &o)
		f(t, q)
		if err := q.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if a := account(t, q); a.Held != 0 || a.HeldBytes != 0 {
			t.Errorf("after Shutdown it holds %d messages, %d bytes", a.Held, a.HeldBytes)
		}
	})
}

func send(t *testing.T, s sink.Sink, payloads ...string) {
	t.Helper()
	if err := s.Send(t.Context(), batchOf(t, payloads...)); err != nil {
		t.Errorf("Send(%v): %v", payloads, err)
	}
}

func same2(got, want [][]string) bool { return slices.EqualFunc(got, want, slices.Equal[[]string]) }

func TestNewQueueNamesWhatIsWrong(t *testing.T) {
	next := new(fake)
	tests := []struct {
		name string
		next sink.Sink
		o    sink.QueueOptions
		want string
	}{
		{"nil", nil, sink.QueueOptions{}, "nil next"},
		{"typed nil", (*fake)(nil), sink.QueueOptions{}, "nil next"},
		{"messages", next, sink.QueueOptions{MaxMessages: -1}, "MaxMessages is negative: -1"},
		{"bytes", next, sink.QueueOptions{MaxBytes: -1}, "MaxBytes is negative: -1"},
		{"batch messages", next, sink.QueueOptions{BatchMessages: -1}, "BatchMessages is negative: -1"},
		{"batch bytes", next, sink.QueueOptions{BatchBytes: -1}, "BatchBytes is negative: -1"},
		{"batch age", next, sink.QueueOptions{BatchAge: -1}, "BatchAge is negative: -1ns"},
		{"full", next, sink.QueueOptions{Full: 5}, "unknown Full: 5"},
		{"full below", next, sink.QueueOptions{Full: -1}, "unknown Full: -1"},
		{"overflow", next, sink.QueueOptions{Full: sink.Overflow}, "Full is Overflow, but there is no DeadLetter"},
		{"dead letter", next, sink.QueueOptions{DeadLetter: (*fake)(nil)}, "DeadLetter holds a nil pointer"},
		{"min", next, sink.QueueOptions{Backoff: sink.Backoff{Min: -1}}, "Backoff.Min is negative: -1ns"},
		{"max", next, sink.QueueOptions{Backoff: sink.Backoff{Max: -1}}, "Backoff.Max is negative: -1ns"},
		{"min above max", next, sink.QueueOptions{Backoff: sink.Backoff{Min: 2, Max: 1}}, "Backoff.Min (2ns) is longer than Backoff.Max (1ns)"},
		{"attempts", next, sink.QueueOptions{GiveUp: sink.GiveUp{Attempts: -1}}, "GiveUp.Attempts is negative: -1"},
		{"age", next, sink.QueueOptions{GiveUp: sink.GiveUp{Age: -1}}, "GiveUp.Age is negative: -1ns"},
		{"two", next, sink.QueueOptions{MaxBytes: -1, BatchAge: -1}, "MaxBytes is negative: -1\nBatchAge is negative: -1ns"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q, err := sink.NewQueue(test.next, &test.o)
			if q != nil || err == nil || err.Error() != "sink: NewQueue: "+test.want {
				t.Errorf("NewQueue returned %v, %v", q, err)
			}
		})
	}
}

func TestNewQueueCopiesItsOptions(t *testing.T) {
	letters := new(fake)
	o := sink.QueueOptions{DeadLetter: letters}
	inBubble(t, &fake{answer: only(bad, "1")}, o, func(t *testing.T, q *sink.Queue) {
		o.DeadLetter = nil
		send(t, q, "1")
		synctest.Wait()
		if len(letters.taken()) != 1 {
			t.Error("the options are the caller's still")
		}
	})
	for _, o := range []*sink.QueueOptions{nil, {}, {MaxMessages: 1}, {MaxBytes: 1}, {Backoff: sink.Backoff{Max: 1}}, {Backoff: sink.Backoff{Min: time.Hour}}} {
		q, err := sink.NewQueue(new(fake), o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		_ = q.Close()
	}
}

func TestQueueBatches(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := []struct {
		name string
		o    sink.QueueOptions
		send []string
		want [][]string
	}{
		{"by messages", sink.QueueOptions{BatchMessages: 2}, []string{"1", "2", "3", "4", "5"}, [][]string{{"1", "2"}, {"3", "4"}, {"5"}}},
		{"by bytes", sink.QueueOptions{BatchBytes: 800}, []string{long, long, long}, [][]string{{long, long}, {long}}},
		{"one that is longer", sink.QueueOptions{BatchBytes: 200}, []string{"1", long, "2"}, [][]string{{"1"}, {long}, {"2"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			next := new(fake)
			inBubble(t, next, test.o, func(t *testing.T, q *sink.Queue) {
				send(t, q, test.send...)
				synctest.Wait()
				if got := next.seen(); !same2(got, test.want) {
					t.Errorf("next was given %v, want %v", got, test.want)
				}
				if a := account(t, q); a.Offered != uint64(len(test.send)) || a.Done != a.Offered || a.Name != "queue -> fake" {
					t.Errorf("the account is %+v", a)
				}
			})
		})
	}
}

func TestQueueBatchAge(t *testing.T) {
	next := new(fake)
	o := sink.QueueOptions{BatchMessages: 3, BatchBytes: 1000, BatchAge: 10 * sec}
	inBubble(t, next, o, func(t *testing.T, q *sink.Queue) {
		expect := func(when string, want ...[]string) {
			t.Helper()
			synctest.Wait()
			if got := next.seen(); !same2(got, want) {
				t.Errorf("%s next had been given %v, want %v", when, got, want)
			}
		}
		send(t, q, "1")
		time.Sleep(6 * sec)
		send(t, q, "2")
		expect("early")
		time.Sleep(4 * sec)
		expect("when the oldest was old", []string{"1", "2"})
		send(t, q, "3", "4", "5")
		expect("when a batch was full", []string{"1", "2"}, []string{"3", "4", "5"})
		long := strings.Repeat("x", 950)
		send(t, q, long)
		expect("when there were bytes enough", []string{"1", "2"}, []string{"3", "4", "5"}, []string{long})
		send(t, q, "6")
		expect("again early", []string{"1", "2"}, []string{"3", "4", "5"}, []string{long})
		start := time.Now()
		if err := q.Shutdown(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("Shutdown waited %v for a batch to fill: %v", time.Since(start), err)
		}
	})
}

func TestBatchAgeDoesNotKeepTheQueueFull(t *testing.T) {
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name string
		o    sink.QueueOptions
		send [][]string
	}{
		{"messages", sink.QueueOptions{MaxMessages: 4, Full: sink.DropNewest}, [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}}},
		{"bytes", sink.QueueOptions{MaxBytes: 3000, Full: sink.DropNewest}, [][]string{{long, long}, {long, long}}},
		{"one that waits", sink.QueueOptions{MaxMessages: 8}, [][]string{{"1", "2", "3"}, {"4", "5", "6", "7", "8", "9"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			next := new(fake)
			test.o.BatchAge = time.Hour
			inBubble(t, next, test.o, func(t *testing.T, q *sink.Queue) {
				start := time.Now()
				sent := 0
				for _, batch := range test.send {
					send(t, q, batch...)
					sent += len(batch)
					synctest.Wait()
				}
				if time.Since(start) != 0 || len(next.taken()) != sent {
					t.Errorf("after %v next had taken %d of %d", time.Since(start), len(next.taken()), sent)
				}
			})
		})
	}
}

// gate holds every Send until it is opened, or its context ends.
type gate struct {
	fake
	open chan struct{}
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	g.whole = func(ctx context.Context, _ int) error {
		select {
		case <-g.open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return g
}

func TestBlockWaitsForRoomInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := newGate()
		q := queue(t, next, &sink.QueueOptions{MaxMessages: 4, BatchMessages: 2})
		send(t, q, "1", "2", "3")
		synctest.Wait()
		returned := make(chan string, 3)
		for _, batch := range [][]string{{"4", "5", "6"}, {"7"}, {"8", "9"}} { // there is room for the second
			go func() {
				send(t, q, batch...)
				returned <- batch[0]
			}()
			synctest.Wait()
		}
		if len(returned) != 0 {
			t.Errorf("%s was let in", <-returned)
		}
		if a := account(t, q); a.Offered != 3 || a.Held != 3 {
			t.Errorf("the account is %+v", a)
		}
		close(next.open)
		synctest.Wait()
		if len(returned) != 3 {
			t.Errorf("%d of 3 waiting Sends returned", len(returned))
		}
		if want := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}; !slices.Equal(next.taken(), want) {
			t.Errorf("next took %v", next.taken())
		}
		_ = q.Shutdown(t.Context())
	})
}

func TestBlockEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue(t, newGate(), &sink.QueueOptions{MaxMessages: 4})
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.Send(cancelled, numbered(t, 3)); err != nil {
			t.Errorf("with room, a cancelled context: %v", err)
		}
		for _, n := range []int{2, 5} {
			if err := q.Send(cancelled, numbered(t, n)); !errors.Is(err, context.Canceled) || len(failures(err, n)) != n {
				t.Errorf("without room for %d, a cancelled context: %v", n, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), sec)
		defer cancel()
		small := make(chan error)
		go func() {
			time.Sleep(sec / 2)
			small <- q.Send(t.Context(), numbered(t, 1)) // behind the one that does not fit
		}()
		start := time.Now()
		if err := q.Send(ctx, numbered(t, 2)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != sec {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if err := <-small; err != nil || time.Since(start) != sec {
			t.Errorf("the one behind was let in after %v: %v", time.Since(start), err)
		}
		if a := account(t, q); a.Offered != 13 || a.Refused != 9 || a.Held != 4 {
			t.Errorf("the account is %+v", a)
		}
		_ = q.Close()
	})
}

func TestBatchLargerThanTheQueue(t *testing.T) {
	for name, full := range map[string]sink.Full{
		"block": sink.Block, "newest": sink.DropNewest, "oldest": sink.DropOldest, "shed": sink.ShedBySeverity, "overflow": sink.Overflow,
	} {
		t.Run(name, func(t *testing.T) {
			next := new(fake)
			inBubble(t, next, sink.QueueOptions{MaxMessages: 2, Full: full, DeadLetter: new(fake)}, func(t *testing.T, q *sink.Queue) {
				send(t, q, "1", "2", "3", "4", "5")
				synctest.Wait()
				if got := next.taken(); len(got) != 5 {
					t.Errorf("next took %v", got)
				}
			})
		})
	}
	t.Run("by bytes", func(t *testing.T) {
		next := new(fake)
		inBubble(t, next, sink.QueueOptions{MaxBytes: 10}, func(t *testing.T, q *sink.Queue) {
			send(t, q, "1")
			send(t, q, "2")
			synctest.Wait()
			if got := next.taken(); len(got) != 2 {
				t.Errorf("next took %v", got)
			}
		})
	})
}

func TestDroppingPolicies(t *testing.T) {
	type batch []string
	tests := []struct {
		name    string
		full    sink.Full
		batches []batch // after the first, of which two are being sent; a message that begins with ! is an Error
		want    []string
		dropped map[string]uint64
	}{
		{
			"newest", sink.DropNewest, []batch{{"1", "2", "3", "4"}, {"5", "6"}, {"7", "8", "9", "10"}, {"11"}},
			[]string{"1", "2", "3", "4", "5", "6", "7", "8"}, map[string]uint64{"newest": 3},
		},
		{
			"oldest", sink.DropOldest, []batch{{"1", "2", "3", "4"}, {"5", "6", "7", "8"}, {"9", "10"}},
			[]string{"1", "2", "5", "6", "7", "8", "9", "10"}, map[string]uint64{"oldest": 2},
		},
		{
			"oldest, of one batch too large", sink.DropOldest, []batch{{"1", "2", "3"}, {"4", "5", "6", "7", "8", "9", "10"}},
			[]string{"1", "2", "5", "6", "7", "8", "9", "10"}, map[string]uint64{"oldest": 2},
		},
		{
			"oldest, one of none at all", sink.DropOldest, []batch{{"1", "2"}, {"3", "4", "5", "6", "7", "8"}, {"9"}},
			[]string{"1", "2", "4", "5", "6", "7", "8", "9"}, map[string]uint64{"oldest": 1},
		},
		{
			"shed", sink.ShedBySeverity, []batch{{"1", "2", "3", "4"}, {"5", "!6", "7", "8", "!9", "10", "!11"}, {"!12"}},
			[]string{"1", "2", "3", "4", "5", "!6", "!9", "!11"}, map[string]uint64{"shed": 4},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := newGate()
				q := queue(t, next, &sink.QueueOptions{MaxMessages: 8, BatchMessages: 2, Full: test.full})
				for _, b := range test.batches {
					messages := batchOf(t, b...)
					for i, payload := range b {
						if strings.HasPrefix(payload, "!") {
							messages[i] = severe(t, envelope.Error, payload)
						}
					}
					if err := q.Send(t.Context(), messages); err != nil {
						t.Error(err)
					}
					synctest.Wait()
					if a := account(t, q); a.Held > 8 {
						t.Errorf("it holds %d of 8 messages", a.Held)
					}
				}
				close(next.open)
				if err := q.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				if got := next.taken(); !slices.Equal(got, test.want) {
					t.Errorf("next took %v, want %v", got, test.want)
				}
				a := account(t, q)
				for reason, n := range test.dropped {
					if a.Dropped[reason] != n || len(a.Dropped) != 1 {
						t.Errorf("dropped %v, want %v", a.Dropped, test.dropped)
					}
				}
			})
		})
	}
}

func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next, letters := newGate(), new(fake)
		letters.answer = only(errB, batchOf(t, "6")[0].JSON(), batchOf(t, "7")[0].JSON())
		q := queue(t, next, &sink.QueueOptions{MaxMessages: 2, Full: sink.Overflow, DeadLetter: letters})
		send(t, q, "1", "2")
		send(t, q, "3", "4")
		if got, want := failures(q.Send(t.Context(), batchOf(t, "5", "6", "8", "7")), 4), (map[int]string{1: "b", 3: "b"}); len(got) != 2 || got[1] != want[1] || got[3] != want[3] {
			t.Errorf("the failures are %v, want %v", got, want)
		}
		if want := []string{original(t, "3"), original(t, "4"), original(t, "5"), original(t, "8")}; !slices.Equal(letters.taken(), want) {
			t.Errorf("the dead letter took %q, want %q", letters.taken(), want)
		}
		letter := &letters.kept[0]
		if name, _ := letter.Field("sink"); letter.Type() != envelope.TypeDeadLetter || name.String() != "queue -> fake" {
			t.Errorf("the letter is %s", letter.JSON())
		}
		close(next.open)
		_ = q.Shutdown(t.Context())
		if a := account(t, q); a.Offered != 8 || a.Done != 2 || a.Refused != 2 || a.Dropped["deadletter"] != 4 {
			t.Errorf("the account is %+v", a)
		}
	})
}

// original is the text of the message with this payload, which is a dead letter's payload.
func original(t *testing.T, payload string) string { return batchOf(t, payload)[0].JSON() }
