package sink_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

func failed(pairs ...any) *sink.BatchError {
	e := new(sink.BatchError)
	for i := 0; i < len(pairs); i += 2 {
		err, _ := pairs[i+1].(error)
		e.Failed = append(e.Failed, sink.Failure{Index: pairs[i].(int), Err: err})
	}
	return e
}

func TestFailures(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	partial := failed(0, a, 2, b)
	all := func(err error) map[int]string {
		return map[int]string{0: err.Error(), 1: err.Error(), 2: err.Error()}
	}
	wrapped := fmt.Errorf("x: %w", partial)
	join := errors.Join(partial, b)
	twice := fmt.Errorf("%w and %w", partial, b)
	tests := []struct {
		name string
		err  error
		want map[int]string
	}{
		{"nil", nil, map[int]string{}},
		{"whole", a, all(a)},
		{"partial", partial, map[int]string{0: "a", 2: "b"}},
		{"wrapped", wrapped, map[int]string{0: "a", 2: "b"}},
		{"retry after", sink.RetryAfter(partial, time.Second), map[int]string{0: "a", 2: "b"}},
		{"join says more", join, all(join)},
		{"two wrapped say more", twice, all(twice)},
		{"empty", failed(), all(failed())},
		{"nil batch error", (*sink.BatchError)(nil), all(errors.New("sink: no message failed"))},
		{"descending", failed(2, a, 0, b), all(failed(2, a, 0, b))},
		{"repeated", failed(1, a, 1, b), all(failed(1, a, 1, b))},
		{"beyond the batch", failed(0, a, 3, b), all(failed(0, a, 3, b))},
		{"negative", failed(-1, a), all(failed(-1, a))},
		{"without an error", failed(1, nil), all(failed(1, nil))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := failures(test.err, 3); !maps.Equal(got, test.want) {
				t.Errorf("the failures are %v, want %v", got, test.want)
			}
			for _, err := range sink.Failures(test.err, 3) {
				if err != nil {
					break // which is allowed
				}
			}
		})
	}
}

func TestBatchErrorText(t *testing.T) {
	a := errors.New("a")
	tests := map[string]*sink.BatchError{
		"sink: no message failed":                                 failed(),
		"sink: message 4 of the batch: a":                         failed(4, a),
		"sink: 2 messages of the batch failed, the first at 1: a": failed(1, a, 2, a),
	}
	for want, err := range tests {
		if err.Error() != want {
			t.Errorf("the text is %q, want %q", err, want)
		}
	}
	if errors.Is(failed(1, a), a) {
		t.Error("a BatchError is what one of its messages failed with")
	}
}

func TestPermanent(t *testing.T) {
	temporary := errors.New("temporary")
	permanent := sink.Permanent(errors.New("permanent"))
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"permanent nil", sink.Permanent(nil), false},
		{"temporary", temporary, false},
		{"permanent", permanent, true},
		{"wrapped", fmt.Errorf("x: %w", permanent), true},
		{"retry after", sink.RetryAfter(permanent, time.Second), true},
		{"join of both", errors.Join(permanent, temporary), false},
		{"join of permanent ones", errors.Join(permanent, fmt.Errorf("x: %w", permanent)), true},
		{"two wrapped", fmt.Errorf("%w %w", temporary, permanent), false},
		{"join within", fmt.Errorf("x: %w", errors.Join(permanent, temporary)), false},
		{"permanent join", sink.Permanent(errors.Join(permanent, temporary)), true},
		{"closed", sink.ErrClosed, false},
		{"batch error", failed(0, permanent), false},
		{"empty join", emptyJoin{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := sink.IsPermanent(test.err); got != test.want {
				t.Errorf("IsPermanent(%v) = %v", test.err, got)
			}
		})
	}
	if cause := errors.New("x"); !errors.Is(sink.Permanent(cause), cause) || sink.Permanent(cause).Error() != "x" {
		t.Error("Permanent hides what it marks")
	}
}

type emptyJoin struct{}

func (emptyJoin) Error() string   { return "empty" }
func (emptyJoin) Unwrap() []error { return nil }

func TestRetryDelay(t *testing.T) {
	a := errors.New("a")
	second, minute := sink.RetryAfter(a, time.Second), sink.RetryAfter(a, time.Minute)
	tests := []struct {
		name string
		err  error
		want time.Duration
	}{
		{"nil", sink.RetryAfter(nil, time.Second), 0},
		{"none", a, 0},
		{"one", second, time.Second},
		{"negative", sink.RetryAfter(a, -time.Second), 0},
		{"wrapped", fmt.Errorf("x: %w", second), time.Second},
		{"permanent", sink.Permanent(second), time.Second},
		{"join", errors.Join(second, a, minute), time.Minute},
		{"twice", sink.RetryAfter(minute, time.Second), time.Minute},
		{"batch", failed(0, second, 1, minute, 2, a), time.Minute},
		{"around a batch", sink.RetryAfter(failed(0, second), time.Hour), time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := sink.RetryDelay(test.err); got != test.want {
				t.Errorf("RetryDelay(%v) = %v, want %v", test.err, got, test.want)
			}
		})
	}
	if !errors.Is(second, a) || second.Error() != "a (not again within 1s)" {
		t.Errorf("RetryAfter made %q", second)
	}
	if odd := sink.RetryAfter(a, 1118117352); odd.Error() != "a (not again within 1.118s)" || sink.RetryDelay(odd) != 1118117352 {
		t.Errorf("RetryAfter made %q", odd)
	}
}

func TestLeftError(t *testing.T) {
	left := sink.LeftError{Name: "queue", Messages: 2, Bytes: 30}
	if want := "queue: 2 messages (30 bytes) left undelivered: lost"; left.Error() != want {
		t.Errorf("the text is %q, want %q", left.Error(), want)
	}
	left.Doubt = "sent as the connection broke"
	if want := "queue: 2 messages (30 bytes) may not have arrived: sent as the connection broke"; left.Error() != want {
		t.Errorf("the text is %q, want %q", left.Error(), want)
	}
	left.Where = "a.db"
	if want := "queue: 2 messages (30 bytes) left undelivered: now in a.db"; left.Error() != want {
		t.Errorf("the text is %q, want %q", left.Error(), want)
	}
}
