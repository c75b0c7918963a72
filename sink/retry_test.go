package sink_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// at remembers when each call came, since the first.
type at struct {
	mu    sync.Mutex
	start time.Time
	times []time.Duration
}

func (a *at) seen() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.times)
}

func (a *at) note() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.start.IsZero() {
		a.start = time.Now()
	}
	a.times = append(a.times, time.Since(a.start))
}

const sec = time.Second

// steady is a backoff without variation.
var steady = sink.Backoff{Min: sec, Max: sec}

func TestRetrySendsAgainOnlyWhatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{answer: func(call int, payload string) error {
			switch {
			case payload == "3":
				return bad
			case payload == "4":
				return sink.ErrClosed
			case payload == "1" && call < 1, payload == "5" && call < 2:
				return errA
			}
			return nil
		}}
		s := sink.Retry(next, steady, sink.GiveUp{})
		err := s.Send(t.Context(), numbered(t, 6))
		if got, want := failures(err, 6), (map[int]string{3: "bad", 4: "sink: closed"}); !maps.Equal(got, want) {
			t.Errorf("the failures are %v, want %v", got, want)
		}
		want := [][]string{{"0", "1", "2", "3", "4", "5"}, {"1", "5"}, {"5"}}
		if got := next.seen(); !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("next was given %v, want %v", got, want)
		}
		if a := account(t, s); a.Offered != 6 || a.Done != 4 || a.Refused != 2 || a.LastError == nil {
			t.Errorf("the account is %+v", a)
		}
	})
}

func TestRetryWaits(t *testing.T) {
	tests := []struct {
		name    string
		backoff sink.Backoff
		giveUp  sink.GiveUp
		err     error
		want    []time.Duration // of the attempts, nil: not exactly known
		calls   int
	}{
		{"steady", steady, sink.GiveUp{Attempts: 4}, errA, []time.Duration{0, sec, 2 * sec, 3 * sec}, 4},
		{"one attempt", steady, sink.GiveUp{Attempts: 1}, errA, []time.Duration{0}, 1},
		{"an age that no wait fits into", steady, sink.GiveUp{Age: sec / 2}, errA, []time.Duration{0}, 1},
		{"an age", steady, sink.GiveUp{Age: 3*sec + 1}, errA, []time.Duration{0, sec, 2 * sec, 3 * sec}, 4},
		{"longer when asked", steady, sink.GiveUp{Attempts: 2}, sink.RetryAfter(errA, time.Minute), []time.Duration{0, time.Minute}, 2},
		{"not shorter when asked", steady, sink.GiveUp{Attempts: 2}, sink.RetryAfter(errA, 1), []time.Duration{0, sec}, 2},
		{"permanent", steady, sink.GiveUp{}, bad, []time.Duration{0}, 1},
		{"beyond a quarter of an hour", sink.Backoff{Min: sec, Max: 5 * time.Minute}, sink.GiveUp{Attempts: 20}, errA, nil, 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var clock at
				next := &fake{whole: func(context.Context, int) error { clock.note(); return test.err }}
				s := sink.Retry(next, test.backoff, test.giveUp)
				if err := s.Send(t.Context(), numbered(t, 2)); !errors.Is(err, test.err) && len(failures(err, 2)) != 2 {
					t.Errorf("the error is %v", err)
				}
				if len(clock.seen()) != test.calls || test.want != nil && !slices.Equal(clock.seen(), test.want) {
					t.Errorf("the attempts were at %v", clock.seen())
				}
			})
		})
	}
}

func TestBackoffDoublesFromMinToMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock at
		next := &fake{whole: func(context.Context, int) error { clock.note(); return errA }}
		s := sink.Retry(next, sink.Backoff{Min: sec, Max: 20 * sec}, sink.GiveUp{Attempts: 300})
		_ = s.Send(t.Context(), numbered(t, 1))
		shortest, longest := 20*sec, time.Duration(0)
		times := clock.seen()
		for i := 1; i < len(times); i++ {
			wait := times[i] - times[i-1]
			ideal := min(sec<<(i-1), 20*sec)
			if i > 5 {
				ideal = 20 * sec
				shortest, longest = min(shortest, wait), max(longest, wait)
			}
			if wait < max(sec, ideal/2) || wait > min(20*sec, ideal*3/2) {
				t.Errorf("wait %d is %v, for an ideal one of %v", i, wait, ideal)
			}
		}
		if shortest == longest {
			t.Error("the waits do not vary")
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fake{answer: only(errA, "1")}
		s := sink.Retry(next, steady, sink.GiveUp{})
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := s.Send(ctx, numbered(t, 2))
		if took := time.Since(start); took != 2500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if got, want := failures(err, 2), (map[int]string{1: "a\ncontext deadline exceeded"}); !maps.Equal(got, want) {
			t.Errorf("the failures are %v, want %v", got, want)
		}
		before := len(next.seen())
		if err := s.Send(ctx, numbered(t, 2)); len(next.seen()) != before+1 || len(failures(err, 2)) != 1 {
			t.Errorf("under an ended context: %v, after %d attempts", err, len(next.seen())-before)
		}
	})
}
