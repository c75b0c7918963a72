package sink_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

func TestWhatFailedInPartIsSetAside(t *testing.T) {
	var clock at
	next := &fake{answer: func(call int, payload string) error {
		if payload == "2" && call < 3 {
			return errA
		}
		return nil
	}}
	next.whole = func(context.Context, int) error { clock.note(); return nil }
	inBubble(t, next, sink.QueueOptions{Backoff: steady}, func(t *testing.T, q *sink.Queue) {
		send(t, q, "1", "2", "3")
		synctest.Wait()
		if a := account(t, q); a.Done != 2 || a.Held != 1 || !errors.Is(a.LastError, errA) {
			t.Errorf("the account is %+v", a)
		}
		time.Sleep(sec / 2)
		send(t, q, "4")
		time.Sleep(10 * sec)
		want := [][]string{{"1", "2", "3"}, {"4"}, {"2"}, {"2"}}
		if got := next.seen(); !same2(got, want) {
			t.Errorf("next was given %v, want %v", got, want)
		}
		if want := []time.Duration{0, sec / 2, sec, 2 * sec}; !slices.Equal(clock.seen(), want) {
			t.Errorf("at %v, want %v", clock.seen(), want)
		}
	})
}

func TestWhatIsSetAsideDoesNotKeepTheRestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{answer: only(errA, "x"), whole: func(context.Context, int) error { time.Sleep(sec); return nil }}
		q := queue(t, next, &sink.QueueOptions{Backoff: sink.Backoff{Max: 1}})
		for range 3 { // three groups, of which one is always due
			send(t, q, "x", "ok")
			time.Sleep(5 * sec)
		}
		for range 5 {
			send(t, q, "new")
			time.Sleep(3*sec + 1)
			synctest.Wait()
			if got := next.taken(); got[len(got)-1] != "new" {
				t.Fatalf("next was given %v", next.seen())
			}
			next.mu.Lock()
			next.got = []string{""}
			next.mu.Unlock()
		}
		_ = q.Close()
	})
}

func TestPoisonDoesNotBlockTheRest(t *testing.T) {
	poison := func(batch []string) bool { return slices.Contains(batch, "5") }
	for _, batchMessages := range []int{1, 3, 16} {
		t.Run(fmt.Sprint(batchMessages), func(t *testing.T) {
			next := new(fake)
			next.whole = func(_ context.Context, call int) error { // one message makes the whole batch fail
				if poison(next.seen()[call]) {
					return errA
				}
				return nil
			}
			synctest.Test(t, func(t *testing.T) {
				q := queue(t, next, &sink.QueueOptions{BatchMessages: batchMessages, Backoff: steady})
				if err := q.Send(t.Context(), numbered(t, 16)); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
				if a := account(t, q); a.Done != 15 || a.Held != 1 {
					t.Errorf("after a minute next was given %v", next.seen())
				}
				send(t, q, "late")
				time.Sleep(sec)
				if got := next.taken(); got[len(got)-1] != "late" {
					t.Errorf("a later message waits: next took %v", got)
				}
				_ = q.Close()
			})
		})
	}
}

func TestWhenAllFailsTheQueueWaits(t *testing.T) {
	var clock at
	var up atomic.Bool
	next := &fake{whole: func(context.Context, int) error {
		clock.note()
		if !up.Load() {
			return errA
		}
		return nil
	}}
	o := sink.QueueOptions{Backoff: sink.Backoff{Min: 4 * sec, Max: 4 * sec}}
	inBubble(t, next, o, func(t *testing.T, q *sink.Queue) {
		send(t, q, "1", "2", "3", "4")
		for i := range 10 {
			time.Sleep(sec)
			send(t, q, fmt.Sprint("later", i))
		}
		up.Store(true)
		time.Sleep(10 * sec)
		if want := []time.Duration{0, 4 * sec, 8 * sec, 12 * sec}; !slices.Equal(clock.seen()[:4], want) {
			t.Errorf("the attempts were at %v", clock.seen())
		}
		if got := next.taken(); len(got) != 14 || !slices.Equal(got[:5], []string{"1", "2", "3", "4", "later0"}) {
			t.Errorf("next took %v", got)
		}
	})
}

func TestQueueObeysRetryAfter(t *testing.T) {
	for name, err := range map[string]error{
		"of a message": failed(0, sink.RetryAfter(errA, time.Minute), 1, errA),
		"of the batch": sink.RetryAfter(failed(0, errA, 1, errA), time.Minute),
		"in part":      failed(1, sink.RetryAfter(errA, time.Minute)),
		"whole":        sink.RetryAfter(errA, time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			var clock at
			next := &fake{whole: func(_ context.Context, call int) error {
				clock.note()
				if call == 0 {
					return err
				}
				return nil
			}}
			inBubble(t, next, sink.QueueOptions{Backoff: steady}, func(t *testing.T, q *sink.Queue) {
				send(t, q, "1", "2")
				time.Sleep(time.Hour)
				if clock.seen()[1] != time.Minute {
					t.Errorf("the attempts were at %v", clock.seen())
				}
			})
		})
	}
}

func TestAnEndlessDelayDoesNotOverflow(t *testing.T) {
	for name, err := range map[string]error{
		"whole": sink.RetryAfter(errA, math.MaxInt64),
		"part":  failed(1, sink.RetryAfter(errA, math.MaxInt64)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &fake{whole: whole(err)}
				q := queue(t, next, nil)
				send(t, q, "1", "2")
				time.Sleep(24 * time.Hour)
				if n := len(next.seen()); n != 1 {
					t.Errorf("%d attempts", n)
				}
				_ = q.Close()
			})
		})
	}
}

func TestPanicIsATemporaryError(t *testing.T) {
	next := &fake{whole: func(_ context.Context, call int) error {
		if call == 0 {
			panic("boom")
		}
		return nil
	}}
	inBubble(t, next, sink.QueueOptions{Backoff: steady}, func(t *testing.T, q *sink.Queue) {
		send(t, q, "1", "2")
		synctest.Wait()
		if a := account(t, q); a.Held != 2 || a.LastError == nil || a.LastError.Error() != "sink: Send panicked: boom" {
			t.Errorf("the account is %+v", a)
		}
		time.Sleep(2 * sec)
		if got := next.taken(); len(got) != 2 {
			t.Errorf("next took %v", got)
		}
	})
}

func TestGivingUp(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		giveUp   sink.GiveUp
		reason   string // without a dead letter
		attempts int
	}{
		{"permanent", bad, sink.GiveUp{}, "permanent", 1},
		{"closed", sink.ErrClosed, sink.GiveUp{}, "closed", 1},
		{"wrapped closed", fmt.Errorf("x: %w", sink.ErrClosed), sink.GiveUp{}, "closed", 1},
		{"attempts", errA, sink.GiveUp{Attempts: 3}, "gaveup", 3},
		{"age", errA, sink.GiveUp{Age: 3*sec + sec/2}, "gaveup", 5},
	}
	for _, test := range tests {
		for _, in := range []string{"whole", "part"} {
			next := &fake{answer: only(test.err, "2")}
			batch := []string{"1", "2", "3"}
			if in == "whole" {
				batch = []string{"2"}
			}
			rest := uint64(len(batch) - 1)
			t.Run(test.name+" "+in+", dropped", func(t *testing.T) {
				inBubble(t, next, sink.QueueOptions{Backoff: steady, GiveUp: test.giveUp}, func(t *testing.T, q *sink.Queue) {
					send(t, q, batch...)
					time.Sleep(time.Minute)
					if a := account(t, q); a.Done != rest || a.Dropped[test.reason] != 1 {
						t.Errorf("the account is %+v", a)
					}
				})
			})
			t.Run(test.name+" "+in+", to the dead letter", func(t *testing.T) {
				letters := new(fake)
				o := sink.QueueOptions{Backoff: steady, GiveUp: test.giveUp, DeadLetter: letters}
				inBubble(t, next, o, func(t *testing.T, q *sink.Queue) {
					start := time.Now()
					send(t, q, batch...)
					time.Sleep(time.Minute)
					if a := account(t, q); a.Done != rest || a.Dropped["deadletter"] != 1 || len(letters.taken()) != 1 {
						t.Fatalf("the account is %+v", a)
					}
					letter := &letters.kept[0]
					if letter.Payload() != original(t, "2") {
						t.Errorf("the letter is %s", letter.JSON())
					}
					for field, want := range map[string]string{
						"sink": "queue -> fake", "error": test.err.Error(), "attempts": fmt.Sprint(test.attempts),
						"first": start.UTC().Format(time.RFC3339Nano),
						"last":  start.Add(time.Duration(test.attempts-1) * sec).UTC().Format(time.RFC3339Nano),
					} {
						if got, _ := letter.Field(field); got.String() != want {
							t.Errorf("the letter's %s is %q, want %q", field, got, want)
						}
					}
				})
			})
		}
	}
}

func TestWhatTheDeadLetterDoesNotTakeIsKept(t *testing.T) {
	letters := &fake{answer: func(call int, payload string) error {
		switch {
		case strings.Contains(payload, `"hopeless"`):
			return bad
		case call < 2:
			return errB
		case call == 2:
			panic("no paper")
		}
		return nil
	}}
	o := sink.QueueOptions{Backoff: steady, DeadLetter: letters}
	inBubble(t, &fake{whole: whole(bad)}, o, func(t *testing.T, q *sink.Queue) {
		send(t, q, "1", "hopeless", "2")
		time.Sleep(sec / 2)
		if a := account(t, q); a.Held != 2 || a.Dropped["undeliverable"] != 1 || a.LastError.Error() != "dead letter: b" {
			t.Errorf("the account is %+v", a)
		}
		time.Sleep(2 * sec)
		if a := account(t, q); a.Held != 2 || a.LastError.Error() != "dead letter: sink: Send panicked: no paper" {
			t.Errorf("the account is %+v", a)
		}
		time.Sleep(sec)
		if a := account(t, q); a.Held != 0 || a.Dropped["deadletter"] != 2 {
			t.Errorf("the account is %+v", a)
		}
	})
}

func TestDropOldestTakesWhatHasWaitedLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open, readable atomic.Bool
		open.Store(true)
		letters := &fake{whole: func(context.Context, int) error {
			if !readable.Load() {
				return errB
			}
			return nil
		}}
		next := &fake{whole: func(ctx context.Context, _ int) error {
			for !open.Load() && ctx.Err() == nil {
				time.Sleep(sec)
			}
			return nil
		}}
		next.answer = func(_ int, payload string) error {
			switch payload {
			case "bad1", "bad2":
				return bad
			case "again1", "again2":
				return errA
			}
			return nil
		}
		q := queue(t, next, &sink.QueueOptions{MaxMessages: 6, Full: sink.DropOldest, DeadLetter: letters, Backoff: sink.Backoff{Min: time.Hour, Max: time.Hour}})
		send(t, q, "bad1", "bad2", "ok", "again1", "again2")
		synctest.Wait()
		open.Store(false) // what comes now stays
		send(t, q, "1", "2")
		synctest.Wait()
		if a := account(t, q); a.Held != 6 || a.Done != 1 {
			t.Errorf("the account is %+v", a)
		}
		for i := range uint64(3) {
			if a := account(t, q); a.Held != 6 || a.Dropped["oldest"] != i {
				t.Errorf("the account is %+v", a)
			}
			send(t, q, fmt.Sprint("new", i))
		}
		readable.Store(true)
		open.Store(true)
		time.Sleep(2 * time.Hour)
		if want := []string{"ok", "1", "2", "new0", "new1", "new2"}; !slices.Equal(next.taken(), want) {
			t.Errorf("next took %v, want %v", next.taken(), want)
		}
		_ = q.Close()
	})
}

func TestADroppedLetterTakesItsReasonWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var readable atomic.Bool
		letters := &fake{whole: func(context.Context, int) error {
			if !readable.Load() {
				return errB
			}
			return nil
		}}
		next := &fake{answer: func(_ int, payload string) error {
			if payload == "ok" {
				return nil
			}
			return sink.Permanent(errors.New("no " + payload))
		}}
		q := queue(t, next, &sink.QueueOptions{MaxMessages: 3, Full: sink.DropOldest, DeadLetter: letters, Backoff: steady})
		send(t, q, "1", "2", "3")
		synctest.Wait()
		send(t, q, "ok")
		readable.Store(true)
		time.Sleep(sec)
		synctest.Wait()
		for i, want := range []string{"no 2", "no 3"} {
			if why, _ := letters.kept[i].Field("error"); why.String() != want {
				t.Errorf("letter %d says %q, want %q", i, why.String(), want)
			}
		}
		if a := account(t, q); a.Dropped["oldest"] != 1 || a.Dropped["deadletter"] != 2 {
			t.Errorf("the account is %+v", a)
		}
		_ = q.Close()
	})
}
