package sink_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func leftBy(err error) sink.LeftError {
	var left *sink.LeftError
	if errors.As(err, &left) {
		return *left
	}
	return sink.LeftError{}
}

func TestShutdownDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{whole: func(context.Context, int) error { time.Sleep(sec); return nil }}
		q := queue(t, next, &sink.QueueOptions{BatchMessages: 2, BatchAge: time.Hour, MaxMessages: 100})
		send(t, q, "1", "2", "3", "4", "5")
		synctest.Wait()
		done := make(chan error)
		go func() { done <- q.Shutdown(t.Context()) }()
		synctest.Wait()
		if err := q.Send(t.Context(), numbered(t, 2)); !errors.Is(err, sink.ErrClosed) {
			t.Errorf("Send while it drains: %v", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(next.taken(), want) {
			t.Errorf("next took %v", next.taken())
		}
		if err := errors.Join(q.Shutdown(t.Context()), q.Close(), q.Close()); err != nil {
			t.Errorf("ending it again: %v", err)
		}
		if err := q.Send(t.Context(), numbered(t, 2)); !errors.Is(err, sink.ErrClosed) {
			t.Errorf("Send after Shutdown: %v", err)
		}
		if a := account(t, q); a.Offered != 9 || a.Done != 5 || a.Refused != 4 {
			t.Errorf("the account is %+v", a)
		}
	})
}

func TestShutdownWakesSleepers(t *testing.T) {
	for name, partial := range map[string]bool{"the whole queue waits": false, "a message waits": true, "a letter waits": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var up atomic.Bool
				fails := func(_ int, payload string) error {
					if up.Load() || partial && payload == "1" {
						return nil
					}
					return errA
				}
				next, letters := &fake{answer: fails}, &fake{answer: fails}
				if name == "a letter waits" {
					next.answer = only(bad, "2")
				}
				q := queue(t, next, &sink.QueueOptions{Backoff: sink.Backoff{Min: time.Hour, Max: time.Hour}, DeadLetter: letters})
				send(t, q, "1", "2")
				synctest.Wait()
				up.Store(true)
				start := time.Now()
				if err := q.Shutdown(t.Context()); err != nil || time.Since(start) != 0 {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				if n := len(next.taken()) + len(letters.taken()); n != 2 {
					t.Errorf("%d of 2 messages were taken", n)
				}
			})
		})
	}
}

func TestSendersThatWaitAreToldOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue(t, newGate(), &sink.QueueOptions{MaxMessages: 1})
		send(t, q, "1")
		results := make(chan error, 3)
		for range 3 {
			go func() { results <- q.Send(t.Context(), numbered(t, 2)) }()
		}
		synctest.Wait()
		left := leftBy(q.Close())
		for range 3 {
			if err := <-results; !errors.Is(err, sink.ErrClosed) {
				t.Errorf("a waiting Send returned %v", err)
			}
		}
		if a := account(t, q); left.Messages != 1 || a.Refused != 6 || a.Dropped["shutdown"] != 1 {
			t.Errorf("left %+v, account %+v", left, a)
		}
	})
}

func TestTheLastTenthIsForTheDeadLetter(t *testing.T) {
	tests := []struct {
		name string
		next *fake // nil: one that hangs
	}{
		{"next hangs", nil},
		{"next fails", &fake{whole: whole(errA)}},
		{"next fails in part", &fake{answer: only(errA, "0", "2", "3")}},
		{"next does not heed its context", &fake{whole: func(context.Context, int) error { time.Sleep(time.Minute); return nil }}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if test.next == nil {
					test.next = &newGate().fake
				}
				letters := new(fake)
				var first time.Time
				letters.whole = func(_ context.Context, call int) error {
					if call == 0 {
						first = time.Now()
					}
					return nil
				}
				q := queue(t, test.next, &sink.QueueOptions{BatchMessages: 2, Backoff: sink.Backoff{Max: sec}, DeadLetter: letters})
				if err := q.Send(t.Context(), numbered(t, 5)); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*sec)
				defer cancel()
				err := q.Shutdown(ctx)
				a := account(t, q)
				if after := first.Sub(start); after < 17*sec || after > 19*sec { // a wait is a second at most
					t.Errorf("the first letter was written after %v of 20 s", after)
				}
				inAir := uint64(0)
				if test.name == "next does not heed its context" {
					inAir = 2
				}
				if a.Done+a.Dropped["deadletter"] != 5-inAir || a.Dropped["deadletter"] == 0 || leftBy(err).Messages != inAir {
					t.Errorf("the account is %+v, the error %v", a, err)
				}
				if len(letters.taken()) != int(a.Dropped["deadletter"]) {
					t.Errorf("%d letters", len(letters.taken()))
				}
				for i := range letters.kept {
					checkLastLetter(t, &letters.kept[i], a.LastError)
				}
				time.Sleep(time.Hour) // for what did not heed its context
				if b := account(t, q); b.Done != a.Done || b.Dropped["shutdown"] != inAir {
					t.Errorf("later the account is %+v", b)
				}
			})
		})
	}
}

// checkLastLetter fails the test unless a letter from the end says whether its message was tried, and when.
func checkLastLetter(t *testing.T, letter *envelope.Message, last error) {
	t.Helper()
	attempts, _ := letter.Field("attempts")
	why, _ := letter.Field("error")
	_, first := letter.Field("first")
	want := "sink: shut down before it was delivered"
	if attempts.String() == "0" {
		want = "sink: shut down before it was ever tried"
	}
	if last != nil {
		want += "; the queue's last error: " + last.Error()
	}
	if why.String() != want || first == (attempts.String() == "0") {
		t.Errorf("the letter is %s, want %q", letter.JSON(), want)
	}
}

func TestWhatNobodyTakesIsLeft(t *testing.T) {
	tests := []struct {
		name    string
		letters sink.Sink
		timeout time.Duration // 0: the context is cancelled after 5 s
	}{
		{"no dead letter", nil, 10 * sec},
		{"no dead letter, no deadline", nil, 0},
		{"the dead letter fails", &fake{whole: whole(errB)}, 10 * sec},
		{"the dead letter hangs", newGate(), 10 * sec},
		{"the dead letter fails, no deadline", &fake{whole: whole(errB)}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				letters := test.letters
				if g, ok := letters.(*gate); ok { // its channel must be the bubble's
					*g = *newGate()
				}
				q := queue(t, newGate(), &sink.QueueOptions{BatchMessages: 2, DeadLetter: letters})
				if err := q.Send(t.Context(), numbered(t, 5)); err != nil {
					t.Error(err)
				}
				bytes := account(t, q).HeldBytes
				ctx, cancel := context.WithCancel(t.Context())
				if test.timeout > 0 {
					ctx, cancel = context.WithTimeout(t.Context(), test.timeout)
				} else {
					time.AfterFunc(5*sec, cancel)
				}
				defer cancel()
				start := time.Now()
				err := q.Shutdown(ctx)
				if took := time.Since(start); took > max(test.timeout, 5*sec) || took < 5*sec {
					t.Errorf("it took %v", took)
				}
				want := sink.LeftError{Name: "queue -> fake", Messages: 5, Bytes: bytes}
				if left := leftBy(err); left != want {
					t.Errorf("left %+v, want %+v", left, want)
				}
				if a := account(t, q); a.Dropped["shutdown"] != 5 || a.Held != 0 || a.HeldBytes != 0 {
					t.Errorf("the account is %+v", a)
				}
				if again := q.Close(); !errors.Is(again, err) {
					t.Errorf("Close after it returned %v", again)
				}
			})
		})
	}
}

func TestACancelledShutdownStillOffersToTheDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letters := new(fake) // takes without waiting
		q := queue(t, newGate(), &sink.QueueOptions{DeadLetter: letters})
		send(t, q, "1", "2")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.Shutdown(ctx); err != nil || len(letters.taken()) != 2 {
			t.Errorf("%v, letters %q", err, letters.taken())
		}
	})
}

func TestCloseGivesUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letters := new(fake)
		q := queue(t, newGate(), &sink.QueueOptions{DeadLetter: letters})
		send(t, q, "1", "2", "3")
		synctest.Wait()
		start := time.Now()
		err := q.Close()
		if left := leftBy(err); left.Messages != 3 || time.Since(start) != 0 || len(letters.seen()) != 0 {
			t.Errorf("after %v: left %+v, letters %v", time.Since(start), left, letters.seen())
		}
		if again := errors.Join(q.Close()); leftBy(again).Messages != 3 {
			t.Errorf("Close again: %v", again)
		}
		if again := q.Shutdown(t.Context()); !errors.Is(again, err) {
			t.Errorf("Shutdown after Close: %v", again)
		}
	})
}

func TestCloseEndsAShutdown(t *testing.T) {
	for name, letters := range map[string]bool{"draining": false, "burying": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := queue(t, newGate(), &sink.QueueOptions{DeadLetter: newGate()})
				send(t, q, "1", "2")
				ctx, cancel := context.WithTimeout(t.Context(), 100*sec)
				defer cancel()
				results := make(chan error, 2)
				for range 2 {
					go func() { results <- q.Shutdown(ctx) }()
				}
				time.Sleep(10 * sec)
				if letters {
					time.Sleep(82 * sec)
				}
				start := time.Now()
				err := q.Close()
				if leftBy(err).Messages != 2 || time.Since(start) != 0 {
					t.Errorf("Close returned %v after %v", err, time.Since(start))
				}
				for range 2 {
					if other := <-results; !errors.Is(other, err) {
						t.Errorf("Shutdown returned %v, Close %v", other, err)
					}
				}
			})
		})
	}
}

func TestCloseDoesNotWaitForOneThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		next := &fake{whole: func(context.Context, int) error { <-release; return nil }}
		q := queue(t, next, nil)
		send(t, q, "1", "2", "3")
		synctest.Wait()
		start := time.Now()
		err := q.Close()
		if took := time.Since(start); leftBy(err).Messages != 3 || took > 5*sec {
			t.Errorf("%v after %v", err, took)
		}
		close(release)
		synctest.Wait()
		if a := account(t, q); a.Done != 0 || a.Dropped["shutdown"] != 3 {
			t.Errorf("what came back late was counted again: %+v", a)
		}
	})
}

func TestNextsContextLastsAsLongAsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int64
		start := time.Now()
		next := &fake{whole: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			ended.Store(int64(time.Since(start)))
			return context.Cause(ctx)
		}}
		q := queue(t, next, nil)
		sender, cancel := context.WithCancel(t.Context())
		if err := q.Send(sender, numbered(t, 1)); err != nil {
			t.Error(err)
		}
		cancel() // the sender's context is not next's
		time.Sleep(sec)
		ctx, cancel := context.WithTimeout(t.Context(), 10*sec)
		defer cancel()
		_ = q.Shutdown(ctx)
		if after := time.Duration(ended.Load()); after != 11*sec {
			t.Errorf("next's context ended after %v", after)
		}
	})
}
