package sinktest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A bent is a leaf with one function put in the place of its own.
type bent struct {
	*leaf
	send     func(ctx context.Context, l *leaf, batch []envelope.Message) error
	account  func(a sink.Account) sink.Account
	shutdown func(ctx context.Context, l *leaf) error
	close    func(l *leaf) error
}

func (b *bent) Send(ctx context.Context, batch []envelope.Message) error {
	if b.send == nil {
		return b.leaf.Send(ctx, batch)
	}
	return b.send(ctx, b.leaf, batch)
}

func (b *bent) Account() sink.Account {
	if b.account == nil {
		return b.leaf.Account()
	}
	return b.account(b.leaf.Account())
}

func (b *bent) Shutdown(ctx context.Context) error {
	if b.shutdown == nil {
		return b.leaf.Shutdown(ctx)
	}
	return b.shutdown(ctx, b.leaf)
}

func (b *bent) Close() error {
	if b.close == nil {
		return b.leaf.Close()
	}
	return b.close(b.leaf)
}

// A late delivers later what it is sent, from what it has kept of it.
type late struct {
	*leaf
	mu   sync.Mutex
	kept [][]envelope.Message
	copy bool // of the slice
}

func (s *late) Send(_ context.Context, batch []envelope.Message) error {
	if s.copy {
		batch = slices.Clone(batch)
	}
	s.mu.Lock()
	s.kept = append(s.kept, batch)
	s.mu.Unlock()
	return s.Sent(len(batch), nil)
}

func (s *late) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, batch := range s.kept {
		_ = s.deliver(ctx, batch)
	}
	s.kept = nil
	return s.leaf.Shutdown(ctx)
}

// plain hides everything but Send.
type plain struct{ sink.Sink }

func bend(b bent) func(testing.TB, *endpoint) sink.Sink {
	return func(_ testing.TB, to *endpoint) sink.Sink {
		b := b
		b.leaf = &leaf{to: to}
		return &b
	}
}

type sendFunc = func(ctx context.Context, l *leaf, batch []envelope.Message) error

func TestBrokenLeaves(t *testing.T) {
	sends := func(f sendFunc) func(testing.TB, *endpoint) sink.Sink { return bend(bent{send: f}) }
	for _, c := range []struct {
		name  string
		make  func(t testing.TB, to *endpoint) sink.Sink
		check string
		rule  rule
	}{
		{"refuses an empty batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			if len(batch) == 0 {
				return errors.New("nothing to send")
			}
			return l.Send(ctx, batch)
		}), "empty-batch", ruleEmpty},
		{"panics on an empty batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = batch[0]
			return l.Send(ctx, batch)
		}), "empty-batch", rulePanic},
		{"drops the last of a large batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.deliver(ctx, batch[:min(len(batch), 256)])
			return l.Sent(len(batch), nil)
		}), "deliver", ruleDone},
		{"never returns", func(t testing.TB, to *endpoint) sink.Sink {
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			return bend(bent{send: func(context.Context, *leaf, []envelope.Message) error {
				<-over
				return sink.ErrClosed
			}})(t, to)
		}, "deliver", ruleReturns},
		{"delivers twice", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.deliver(ctx, batch)
			return l.Send(ctx, batch)
		}), "deliver", ruleOnce},
		{"adds a line of its own", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.to.write(ctx, "# hello")
			return l.Send(ctx, batch)
		}), "deliver", ruleTrue},
		{"reverses a batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			batch = slices.Clone(batch)
			slices.Reverse(batch)
			return l.Send(ctx, batch)
		}), "order", ruleOrder},
		{"loses what is sent at the same time", sends(losesUpdates), "concurrent", ruleConcurrent},
		{"sorts the batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			err := l.Send(ctx, batch)
			slices.Reverse(batch)
			return err
		}), "batch-unchanged", ruleBatch},
		{"appends to the batch", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			err := l.Send(ctx, batch)
			_ = append(batch, envelope.Message{})
			return err
		}), "batch-unchanged", ruleBatch},
		{"keeps the slice", func(_ testing.TB, to *endpoint) sink.Sink {
			return &late{leaf: &leaf{to: to}}
		}, "slice-reused", ruleReuse},
		{"says it borrows and keeps", func(_ testing.TB, to *endpoint) sink.Sink {
			return &late{leaf: &leaf{to: to}, copy: true}
		}, "borrows", ruleBorrows},
		{"takes the zero message", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.deliver(ctx, batch)
			return l.Sent(len(batch), nil)
		}), "zero-message", ruleZero},
		{"fails the batch for one message", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			if slices.ContainsFunc(batch, func(m envelope.Message) bool { return isZero(&m) }) {
				return l.Sent(len(batch), sink.Permanent(errors.New("no envelope")))
			}
			return l.Send(ctx, batch)
		}), "zero-message", ruleZero},
		{"counts indexes from one", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			err := l.Send(ctx, batch)
			var b *sink.BatchError
			if errors.As(err, &b) {
				b.Failed[0].Index++
			}
			return err
		}), "zero-message", ruleZero},
		{"reports an index past the batch", failsZero(func(int) []sink.Failure {
			return []sink.Failure{{Index: 3, Err: errZero}}
		}), "zero-message", ruleFailures},
		{"reports an index twice", failsZero(func(i int) []sink.Failure {
			return []sink.Failure{{Index: i, Err: errZero}, {Index: i, Err: errZero}}
		}), "zero-message", ruleFailures},
		{"reports indexes in no order", failsZero(func(i int) []sink.Failure {
			return []sink.Failure{{Index: i, Err: errZero}, {Index: 0, Err: errZero}}
		}), "zero-message", ruleFailures},
		{"reports no error", failsZero(func(i int) []sink.Failure {
			return []sink.Failure{{Index: i}}
		}), "zero-message", ruleFailures},
		{"reports no failure", failsZero(func(int) []sink.Failure { return nil }), "zero-message", ruleFailures},
		{"returns a typed nil", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			var none *sink.BatchError
			if err := l.Send(ctx, batch); err != nil {
				return err
			}
			return none
		}), "deliver", ruleTypedNil},
		{"forgets what it has no time for", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			if ctx.Err() != nil {
				return l.Sent(len(batch), nil)
			}
			return l.Send(ctx, batch)
		}), "cancelled", ruleCancelled},
		{"delivers and then looks at the context", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.deliver(ctx, batch)
			return l.Sent(len(batch), ctx.Err())
		}), "cancelled", ruleRefused},
		{"does not look at the context", sends(func(_ context.Context, l *leaf, batch []envelope.Message) error {
			return l.Send(context.Background(), batch)
		}), "stall", ruleWaiting},
		{"waits for another Send", func(_ testing.TB, to *endpoint) sink.Sink {
			lock := make(chan struct{}, 1) // synctest does not see a wait for a Mutex
			return bend(bent{send: func(ctx context.Context, l *leaf, batch []envelope.Message) error {
				lock <- struct{}{}
				defer func() { <-lock }()
				return l.Send(ctx, batch)
			}})(nil, to)
		}, "stall", ruleWaiting},
		{"has an Account that waits for Send", func(_ testing.TB, to *endpoint) sink.Sink {
			var sending sync.WaitGroup
			return bend(bent{send: func(ctx context.Context, l *leaf, batch []envelope.Message) error {
				sending.Add(1)
				defer sending.Done()
				return l.Send(ctx, batch)
			}, account: func(a sink.Account) sink.Account {
				sending.Wait()
				return a
			}})(nil, to)
		}, "stall", ruleAsked},
		{"swallows errors", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			_ = l.deliver(ctx, batch)
			return l.Sent(len(batch), nil)
		}), "errors", ruleReported},
		{"stays broken", func(_ testing.TB, to *endpoint) sink.Sink {
			var broken error
			return bend(bent{send: func(ctx context.Context, l *leaf, batch []envelope.Message) error {
				if broken == nil {
					broken = l.deliver(ctx, batch)
				}
				return l.Sent(len(batch), broken)
			}})(nil, to)
		}, "errors", ruleAgain},
		{"keeps its last error to itself", bend(bent{account: func(a sink.Account) sink.Account {
			a.LastError = nil
			return a
		}}), "errors", ruleLastError},
		{"keeps no account", func(_ testing.TB, to *endpoint) sink.Sink { return plain{&leaf{to: to}} }, "account", ruleAccount},
		{"has no name", bend(bent{account: func(a sink.Account) sink.Account {
			a.Name = ""
			return a
		}}), "account", ruleName},
		{"has a name of two lines", bend(bent{account: func(a sink.Account) sink.Account {
			a.Name = "leaf\nforged: 7"
			return a
		}}), "account", ruleName},
		{"counts one too many", bend(bent{account: func(a sink.Account) sink.Account {
			if a.Offered > 0 {
				a.Offered++
			}
			return a
		}}), "account", ruleBalance},
		{"counts no refusals", bend(bent{account: func(a sink.Account) sink.Account {
			a.Offered -= a.Refused
			a.Refused = 0
			return a
		}}), "account", ruleCounted},
		{"forgets its account at the end", func(_ testing.TB, to *endpoint) sink.Sink {
			var b *bent
			b = &bent{leaf: &leaf{to: to}, account: func(a sink.Account) sink.Account {
				if b.closed {
					return sink.Account{Name: a.Name}
				}
				return a
			}}
			return b
		}, "shutdown", ruleCounted},
		{"counts one too few at the end", func(_ testing.TB, to *endpoint) sink.Sink {
			var b *bent
			b = &bent{leaf: &leaf{to: to}, account: func(a sink.Account) sink.Account {
				if b.closed {
					a.Done--
				}
				return a
			}}
			return b
		}, "close", ruleBalance},
		{"keeps accepting in silence", func(_ testing.TB, to *endpoint) sink.Sink {
			return &late{leaf: &leaf{to: to}, copy: true}
		}, "close", ruleClosed},
		{"does not flush", func(_ testing.TB, to *endpoint) sink.Sink {
			return bend(bent{send: func(_ context.Context, l *leaf, batch []envelope.Message) error {
				return l.Sent(len(batch), nil)
			}})(nil, to)
		}, "shutdown", ruleFlush},
		{"accepts after Shutdown", bend(bent{shutdown: func(context.Context, *leaf) error { return nil }}), "shutdown", ruleClosed},
		{"accepts after Close", bend(bent{close: func(*leaf) error { return nil }}), "close", ruleClosed},
		{"fails the second time", bend(bent{shutdown: func(_ context.Context, l *leaf) error {
			if l.closed {
				return sink.ErrClosed
			}
			return l.Close()
		}}), "shutdown", ruleIdempotent},
		{"panics the second time", func(_ testing.TB, to *endpoint) sink.Sink {
			done := make(chan struct{})
			return bend(bent{close: func(l *leaf) error {
				close(done)
				return l.Close()
			}})(nil, to)
		}, "close", rulePanic},
		{"says nothing once it is closed", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			l.mu.RLock()
			closed := l.closed
			l.mu.RUnlock()
			if closed {
				return l.Sent(len(batch), nil)
			}
			return l.Send(ctx, batch)
		}), "shutdown-race", ruleNeither},
		{"says what it likes once it is closed", sends(func(ctx context.Context, l *leaf, batch []envelope.Message) error {
			if err := l.Send(ctx, batch); err != nil {
				return errors.New("use of closed network connection")
			}
			return nil
		}), "shutdown-race", ruleClosed},
		{"waits for ever in Shutdown", bend(bent{shutdown: func(context.Context, *leaf) error {
			time.Sleep(time.Hour)
			return nil
		}}), "shutdown-deadline", ruleDeadline},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectCaughtInBubble(t, leafHarness(c.make), c.check, c.rule)
		})
	}
}

// losesUpdates writes back what it read before another Send wrote.
func losesUpdates(_ context.Context, l *leaf, batch []envelope.Message) error {
	lines := l.to.received()
	time.Sleep(time.Millisecond)
	for i := range batch {
		lines = append(lines, batch[i].JSON())
	}
	l.to.mu.Lock()
	l.to.lines = lines
	l.to.mu.Unlock()
	return l.Sent(len(batch), nil)
}

// failsZero makes a leaf that reports the zero Message at i as failed(i).
func failsZero(failed func(i int) []sink.Failure) func(testing.TB, *endpoint) sink.Sink {
	return bend(bent{send: func(ctx context.Context, l *leaf, batch []envelope.Message) error {
		err := l.Send(ctx, batch)
		if i := slices.IndexFunc(batch, func(m envelope.Message) bool { return isZero(&m) }); i >= 0 {
			return &sink.BatchError{Failed: failed(i)}
		}
		return err
	}})
}

// TestLeak is not parallel: the check sees every goroutine.
func TestLeak(t *testing.T) {
	for _, after := range []string{"Shutdown", "Close"} {
		t.Run(after, func(t *testing.T) {
			stop := make(chan struct{})
			defer close(stop)
			leak := func() { go func() { <-stop }() }
			b := bent{}
			if after == "Close" {
				b.close = func(l *leaf) error { leak(); return l.Close() }
			} else {
				b.shutdown = func(_ context.Context, l *leaf) error { leak(); return l.Close() }
			}
			h := leafHarness(bend(b))
			h.Patience = 400 * time.Millisecond // with those that leak, it is waited for in full
			expectCaught(t, h, "goroutines", ruleGoroutines)
		})
	}
}
