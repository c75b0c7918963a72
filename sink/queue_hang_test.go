package sink_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// What is dropped while next hangs leaves no trace: nothing else empties the line then.
func TestDropOldestNeedsNoMoreThanItHolds(t *testing.T) {
	if raceEnabled {
		return // the race detector has a heap of its own
	}
	next := newGate()
	q := queue(t, next, &sink.QueueOptions{MaxMessages: 200, BatchMessages: 10, Full: sink.DropOldest})
	batch := numbered(t, 100)
	before := heap()
	for range 2000 {
		if err := q.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if used := int64(heap()) - int64(before); used > 2<<20 {
		t.Errorf("200 messages are held, and the heap grew by %d KiB", used>>10)
	}
	if a := account(t, q); a.Held > 200 || a.Dropped["oldest"] < 199_000 {
		t.Errorf("the account is %+v", a)
	}
	runtime.KeepAlive(batch)
	_ = q.Close()
}

// A Send that hung and fails in the end comes back while the rest is being buried. It must leave that alone.
func TestAFlightThatFailsLateLeavesTheLettersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{whole: func(context.Context, int) error { time.Sleep(19500 * time.Millisecond); return errA }}
		letters := &fake{whole: func(context.Context, int) error { time.Sleep(600 * time.Millisecond); return nil }}
		q := queue(t, next, &sink.QueueOptions{BatchMessages: 2, DeadLetter: letters})
		batch := numbered(t, 5)
		if err := q.Send(t.Context(), batch); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*sec)
		defer cancel()
		err := q.Shutdown(ctx)
		if want := jsonOf(batch[2:]); !slices.Equal(letters.taken(), want) {
			t.Errorf("the letters hold %q, want %q", letters.taken(), want)
		}
		if a := account(t, q); a.Dropped["deadletter"] != 3 || a.Dropped["shutdown"] != 2 || leftBy(err).Messages != 2 {
			t.Errorf("the account is %+v, the error %v", a, err)
		}
	})
}

func jsonOf(batch []envelope.Message) (texts []string) {
	for i := range batch {
		texts = append(texts, batch[i].JSON())
	}
	return texts
}

// A batch that is full and failed waits for its backoff, not for BatchAge: those that wait for room would wait with it.
func TestBackoffIsNotLengthenedByBatchAge(t *testing.T) {
	next := &fake{whole: func(_ context.Context, call int) error {
		if call == 0 {
			return errA
		}
		return nil
	}}
	o := sink.QueueOptions{BatchMessages: 2, BatchAge: time.Hour, Backoff: sink.Backoff{Min: sec, Max: sec}}
	inBubble(t, next, o, func(t *testing.T, q *sink.Queue) {
		send(t, q, "1", "2")
		time.Sleep(2 * sec)
		if n := len(next.seen()); n < 2 {
			t.Errorf("%d attempts in 2 s", n)
		}
	})
}

func TestShutdownAfterCloseDoesNotWaitForOneThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		q := queue(t, &fake{whole: func(context.Context, int) error { <-release; return nil }}, nil)
		send(t, q, "1", "2")
		synctest.Wait()
		err := q.Close()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if again := q.Shutdown(ctx); !errors.Is(again, err) || time.Since(start) != 0 {
			t.Errorf("after %v: %v, not %v", time.Since(start), again, err)
		}
	})
}

func TestADeadLetterThatHangsIsNotWaitedFor(t *testing.T) {
	for name, closes := range map[string]bool{"Shutdown": false, "Close during Shutdown": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				letters := &fake{whole: func(context.Context, int) error { <-release; return nil }}
				q := queue(t, newGate(), &sink.QueueOptions{BatchMessages: 2, DeadLetter: letters})
				if err := q.Send(t.Context(), numbered(t, 5)); err != nil {
					t.Error(err)
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*sec)
				defer cancel()
				shutdown := make(chan error, 1)
				go func() { shutdown <- q.Shutdown(ctx) }()
				limit := 11 * sec
				if closes {
					time.Sleep(9500 * time.Millisecond)
					limit = 10500 * time.Millisecond
					if err := q.Close(); leftBy(err).Messages != 5 {
						t.Errorf("Close returned %v", err)
					}
				} else {
					go func() { time.Sleep(time.Minute); close(release) }() // or the test would hang
				}
				err := <-shutdown
				if took := time.Since(start); leftBy(err).Messages != 5 || took > limit {
					t.Errorf("%v after %v", err, took)
				}
				if closes {
					close(release)
				} else {
					<-release
				}
				synctest.Wait()
				if a := account(t, q); fmt.Sprint(a.Dropped) != "map[shutdown:5]" {
					t.Errorf("what came back late was counted again: %+v", a)
				}
			})
		})
	}
}

// One message that cannot be delivered never blocks the rest, not even when the dead letter hangs.
func TestADeadLetterThatHangsBlocksNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next, letters := &fake{answer: only(bad, "bad1", "bad2")}, newGate()
		q := queue(t, next, &sink.QueueOptions{BatchMessages: 1, DeadLetter: letters})
		send(t, q, "bad1", "bad2", "1")
		synctest.Wait()
		send(t, q, "2", "3")
		synctest.Wait()
		if want := []string{"1", "2", "3"}; !slices.Equal(next.taken(), want) {
			t.Errorf("next took %q, want %q", next.taken(), want)
		}
		if a := account(t, q); a.Held != 2 || len(letters.seen()) != 1 {
			t.Errorf("the account is %+v, the dead letter got %d Sends at once", a, len(letters.seen()))
		}
		close(letters.open)
		if err := q.Shutdown(t.Context()); err != nil || len(letters.taken()) != 2 {
			t.Errorf("%v, letters %q", err, letters.taken())
		}
	})
}
