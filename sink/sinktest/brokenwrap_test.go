package sinktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A through is a wrapper that passes everything on; a broken one's send does it otherwise.
type through struct {
	sink.Counters
	next    sink.Sink
	send    func(ctx context.Context, next sink.Sink, batch []envelope.Message) error
	account func() sink.Account
	borrows bool
	nexts   []sink.Sink
}

func (s *through) Account() sink.Account {
	if s.account != nil {
		return s.account()
	}
	return s.Counters.Account("test through")
}

func (s *through) Next() []sink.Sink { return s.nexts }
func (s *through) Borrows() bool     { return s.borrows }

func (s *through) Send(ctx context.Context, batch []envelope.Message) error {
	return s.Sent(len(batch), s.send(ctx, s.next, batch))
}

// each returns a Send that passes on and hands each message's error to change.
func each(change func(i int, err error) error) nextFunc {
	return func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
		failed := failures(next.Send(ctx, batch), len(batch))
		return failEach(len(batch), func(i int) error {
			if failed[i] == nil {
				return nil
			}
			return change(i, failed[i])
		})
	}
}

type nextFunc = func(ctx context.Context, next sink.Sink, batch []envelope.Message) error

func wraps(send nextFunc) Harness {
	return Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
		return &through{next: next, send: send, nexts: []sink.Sink{next}}
	}}
}

func TestBrokenWrappers(t *testing.T) {
	pass := func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
		return next.Send(ctx, batch)
	}
	for _, c := range []struct {
		name    string
		harness Harness
		check   string
		rule    rule
	}{
		{"reports its next's indexes", sieves(func(ctx context.Context, s *sieve, batch []envelope.Message) error {
			kept, _ := pick(batch)
			return s.next.Send(ctx, kept)
		}), "indexes", ruleIndexes},
		{"fails all for one", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			for _, err := range sink.Failures(next.Send(ctx, batch), len(batch)) {
				return err
			}
			return nil
		}), "indexes", ruleIndexes},
		{"reports the first only", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			for i, err := range sink.Failures(next.Send(ctx, batch), len(batch)) {
				return &sink.BatchError{Failed: []sink.Failure{{Index: i, Err: err}}}
			}
			return nil
		}), "indexes", ruleIndexes},
		{"turns the failures round", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			err := next.Send(ctx, batch)
			var b *sink.BatchError
			if errors.As(err, &b) {
				slices.Reverse(b.Failed)
			}
			return err
		}), "indexes", ruleFailures},
		{"hides the cause", wraps(each(func(_ int, err error) error {
			return sink.Permanent(sink.RetryAfter(errors.New(err.Error()), sink.RetryDelay(err)))
		})), "indexes", ruleKept},
		{"hides the delay", wraps(each(func(_ int, err error) error {
			for sink.RetryDelay(err) > 0 {
				err = errors.Unwrap(err)
			}
			return sink.Permanent(err)
		})), "indexes", ruleKept},
		{"hides that an error is permanent", wraps(each(func(_ int, err error) error {
			return fmt.Errorf("next: %w", errors.Unwrap(err))
		})), "indexes", rulePermanent},
		{"makes every error permanent", wraps(each(func(_ int, err error) error {
			return sink.Permanent(err)
		})), "permanent", rulePermanent},
		{"makes no error permanent", wraps(each(func(_ int, err error) error {
			return errors.New(err.Error())
		})), "permanent", rulePermanent},
		{"swallows errors", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			_ = next.Send(ctx, batch)
			return nil
		}), "errors", ruleReported},
		{"swallows what was cancelled", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			if err := next.Send(ctx, batch); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}), "cancelled", ruleCancelled},
		{"waits in a context of its own", wraps(func(_ context.Context, next sink.Sink, batch []envelope.Message) error {
			return next.Send(context.Background(), batch)
		}), "stall", ruleWaiting},
		{"calls a panic an acceptance", wraps(func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			defer func() { _ = recover() }()
			return next.Send(ctx, batch)
		}), "panic", rulePanicked},
		{"holds its lock when next panics", locks(), "panic", rulePanicked},
		{"borrows what next keeps", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return &through{next: next, send: pass, borrows: true}
		}}, "borrows", ruleBorrows},
		{"borrows what it keeps itself", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return &hoarder{borrower: true, next: next}
		}}, "borrows", ruleBorrows},
		{"counts before and after", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return twoStep(next)
		}}, "account", ruleBalance},
		{"forgets to count what panicked", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return twoStep(next)
		}}, "panic", ruleBalance},
		{"does not say where it leads", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return &through{next: next, send: pass}
		}}, "next", ruleNext},
		{"shuts next down", Harness{Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return &owner{through{next: next, send: pass}}
		}}, "owns-nothing", ruleOwns},
		{"does not send what one of two refused", fans(func(ctx context.Context, s *tee, batch []envelope.Message) error {
			for _, next := range s.to {
				if err := next.Send(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		}), "union", ruleUnion},
		{"reports one of two only", fans(func(ctx context.Context, s *tee, batch []envelope.Message) error {
			_ = s.to[0].Send(ctx, batch)
			return s.to[1].Send(ctx, batch)
		}), "union", ruleUnion},
		{"joins two lists of failures", fans(func(ctx context.Context, s *tee, batch []envelope.Message) error {
			var failed []sink.Failure
			for _, next := range s.to {
				for i, err := range sink.Failures(next.Send(ctx, batch), len(batch)) {
					failed = append(failed, sink.Failure{Index: i, Err: err})
				}
			}
			if failed == nil {
				return nil
			}
			return &sink.BatchError{Failed: failed}
		}), "union", ruleFailures},
		{"calls half a permanent error permanent", fans(func(ctx context.Context, s *tee, batch []envelope.Message) error {
			first := failures(s.to[0].Send(ctx, batch), len(batch))
			second := failures(s.to[1].Send(ctx, batch), len(batch))
			return failEach(len(batch), func(i int) error {
				if first[i] != nil {
					return first[i]
				}
				return second[i]
			})
		}), "union", rulePermanent},
		{"sends to one of two", fans(func(ctx context.Context, s *tee, batch []envelope.Message) error {
			return s.to[0].Send(ctx, batch)
		}), "deliver", ruleDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectCaughtInBubble(t, c.harness, c.check, c.rule)
		})
	}
}

// A bentSieve is a sieve with another Send.
type bentSieve struct {
	sieve
	send func(ctx context.Context, s *sieve, batch []envelope.Message) error
}

func (s *bentSieve) Send(ctx context.Context, batch []envelope.Message) error {
	return s.Sent(len(batch), s.send(ctx, &s.sieve, batch))
}

func sieves(send func(ctx context.Context, s *sieve, batch []envelope.Message) error) Harness {
	return Harness{
		Wrap: func(_ testing.TB, next sink.Sink) sink.Sink { return &bentSieve{sieve{next: next}, send} },
		Key:  wantedKey,
	}
}

// A bentTee is a tee with another Send.
type bentTee struct {
	tee
	send func(ctx context.Context, s *tee, batch []envelope.Message) error
}

func (s *bentTee) Send(ctx context.Context, batch []envelope.Message) error {
	return s.Sent(len(batch), s.send(ctx, &s.tee, batch))
}

func fans(send func(ctx context.Context, s *tee, batch []envelope.Message) error) Harness {
	return Harness{Fan: func(_ testing.TB, a, b sink.Sink) sink.Sink {
		return &bentTee{tee{to: []sink.Sink{a, b}}, send}
	}}
}

func locks() Harness {
	return Harness{Wrap: func(t testing.TB, next sink.Sink) sink.Sink {
		lock, over := make(chan struct{}, 1), make(chan struct{})
		t.Cleanup(func() { close(over) })
		return &through{next: next, send: func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			select {
			case lock <- struct{}{}:
			case <-over:
				return ctx.Err()
			}
			err := next.Send(ctx, batch)
			<-lock
			return err
		}}
	}}
}

// twoStep counts what is offered before it sends and what is done after.
func twoStep(next sink.Sink) sink.Sink {
	var mu sync.Mutex
	var a sink.Account
	s := &through{next: next}
	s.send = func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
		mu.Lock()
		a.Offered += uint64(len(batch))
		mu.Unlock()
		err := next.Send(ctx, batch)
		mu.Lock()
		a.Done += uint64(len(batch))
		mu.Unlock()
		return err
	}
	s.account = func() sink.Account {
		mu.Lock()
		defer mu.Unlock()
		a.Name = "test two steps"
		return a
	}
	return s
}

// A hoarder keeps messages until Shutdown.
type hoarder struct {
	next     sink.Sink
	borrower bool
	mu       sync.Mutex
	kept     []envelope.Message
}

func (s *hoarder) Borrows() bool { return s.borrower && sink.Borrows(s.next) }

func (s *hoarder) Send(_ context.Context, batch []envelope.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, batch...)
	return nil
}

func (s *hoarder) Shutdown(ctx context.Context) error { return s.next.Send(ctx, s.kept) }

// An owner shuts down what it was given.
type owner struct{ through }

func (s *owner) Shutdown(ctx context.Context) error {
	if d, ok := s.next.(shutdowner); ok {
		return d.Shutdown(ctx)
	}
	return nil
}
