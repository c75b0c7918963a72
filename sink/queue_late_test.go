package sink_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// A Shutdown of 20 s, of which the last 2 are for the dead letter, waits for what may be sent again before then only.
func TestShutdownDoesNotWaitInVain(t *testing.T) {
	once := func(wait time.Duration) *fake { // asks for a wait at its first call of the Shutdown, then takes all
		return &fake{answer: func(call int, _ string) error {
			if call < 2 {
				return sink.RetryAfter(errA, wait)
			}
			return nil
		}}
	}
	day := sink.RetryAfter(errA, 24*time.Hour)
	fails, refuses := &fake{whole: whole(errA)}, &fake{whole: whole(day)}
	tests := []struct {
		name    string
		next    *fake
		backoff time.Duration
		letters *fake // nil: there is no dead letter
		forever bool  // the Shutdown has no deadline

		took                time.Duration
		done, written, left int
	}{
		{name: "a day", next: once(24 * time.Hour), letters: new(fake), written: 3},
		{name: "the last tenth", next: once(18 * sec), letters: new(fake), written: 3},
		{name: "before it", next: once(17 * sec), letters: new(fake), took: 17 * sec, done: 3},
		{name: "no deadline", next: once(24 * time.Hour), letters: new(fake), forever: true, took: 24 * time.Hour, done: 3},
		{name: "one of three", next: &fake{answer: only(day, "0")}, letters: new(fake), done: 2, written: 1},
		{name: "by the backoff", next: fails, backoff: time.Hour, letters: new(fake), written: 3},
		{name: "no dead letter", next: once(24 * time.Hour), left: 3},
		{name: "no dead letter, until the deadline", next: once(19 * sec), took: 19 * sec, done: 3},
		{name: "the dead letter fails twice", next: refuses, backoff: 8 * sec, letters: once(0), took: 16 * sec, written: 3},
		{name: "the dead letter fails thrice", next: refuses, backoff: 17 * sec, letters: once(0), took: 18 * sec, written: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := &sink.QueueOptions{Backoff: sink.Backoff{Min: test.backoff, Max: test.backoff}}
				if test.letters != nil {
					options.DeadLetter = test.letters
				}
				q := queue(t, test.next, options)
				if err := q.Send(t.Context(), numbered(t, 3)); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 20*sec)
				defer cancel()
				if test.forever {
					ctx = t.Context()
				}
				err := q.Shutdown(ctx)
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				a := account(t, q)
				if int(a.Done) != test.done || int(a.Dropped["deadletter"]) != test.written || int(leftBy(err).Messages) != test.left {
					t.Errorf("the account is %+v, the error %v", a, err)
				}
				if (err != nil) != (test.left > 0) {
					t.Error(err)
				}
			})
		})
	}
}

// The Shutdown that has the least time counts for all.
func TestASecondShutdownHasLessTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letters := new(fake)
		q := queue(t, &fake{whole: whole(sink.RetryAfter(errA, time.Hour))}, &sink.QueueOptions{DeadLetter: letters})
		send(t, q, "1", "2")
		synctest.Wait()
		long := make(chan error)
		go func() { long <- q.Shutdown(t.Context()) }()
		time.Sleep(time.Minute)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*sec)
		defer cancel()
		if err := q.Shutdown(ctx); err != nil || time.Since(start) != 0 || len(letters.taken()) != 2 {
			t.Errorf("%v after %v, letters %q", err, time.Since(start), letters.taken())
		}
		if err := <-long; err != nil {
			t.Error(err)
		}
	})
}
