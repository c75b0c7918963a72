package sinktest

import (
	"context"
	"errors"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A filtered is what a broken queue sends to in its next's place.
type filtered struct {
	next sink.Sink
	send nextFunc
}

func (s *filtered) Send(ctx context.Context, batch []envelope.Message) error {
	return s.send(ctx, s.next, batch)
}

func (s *filtered) Next() []sink.Sink { return []sink.Sink{s.next} }

// A bentQueue is a queue with functions put in the place of its own.
type bentQueue struct {
	*queue
	send     func(ctx context.Context, q *queue, batch []envelope.Message) error
	shutdown func(ctx context.Context, q *queue) error
	close    func(q *queue) error
}

func (b *bentQueue) Send(ctx context.Context, batch []envelope.Message) error {
	if b.send == nil {
		return b.queue.Send(ctx, batch)
	}
	return b.send(ctx, b.queue, batch)
}

func (b *bentQueue) Shutdown(ctx context.Context) error {
	if b.shutdown == nil {
		return b.queue.Shutdown(ctx)
	}
	return b.shutdown(ctx, b.queue)
}

func (b *bentQueue) Close() error {
	if b.close == nil {
		return b.queue.Close()
	}
	return b.close(b.queue)
}

func queues(b bentQueue, to nextFunc) Harness {
	return Harness{Asynchronous: true, Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
		if to != nil {
			next = &filtered{next, to}
		}
		b := b
		b.queue = newQueue(next)
		return &b
	}}
}

func TestBrokenQueues(t *testing.T) {
	for _, c := range []struct {
		name    string
		harness Harness
		check   string
		rule    rule
	}{
		{"tries once", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			_ = next.Send(ctx, batch)
			return nil
		}), "retries", ruleRetried},
		{"sends all again for one", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			for _, err := range sink.Failures(next.Send(ctx, batch), len(batch)) {
				return err
			}
			return nil
		}), "retries", ruleOnce},
		{"never gives up", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			return each(func(_ int, err error) error { return errors.New(err.Error()) })(ctx, next, batch)
		}), "poison", ruleFlush},
		{"gives up all for one", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			for _, err := range sink.Failures(next.Send(ctx, batch), len(batch)) {
				return err
			}
			return nil
		}), "poison", rulePoison},
		{"takes poison for done", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			_ = next.Send(ctx, batch)
			return nil
		}), "poison", rulePoison},
		{"takes a panic for done", queues(bentQueue{}, func(ctx context.Context, next sink.Sink, batch []envelope.Message) error {
			defer func() { _ = recover() }()
			return next.Send(ctx, batch)
		}), "panic", rulePanicked},
		{"waits for room past its context", queues(bentQueue{send: func(_ context.Context, q *queue, batch []envelope.Message) error {
			return q.Send(context.Background(), batch)
		}}, nil), "stall", ruleWaiting},
		{"drops what it has no room for", queues(bentQueue{send: func(ctx context.Context, q *queue, batch []envelope.Message) error {
			_ = q.Send(ctx, batch)
			return nil
		}}, nil), "stall", ruleCancelled},
		{"gives up in Shutdown", queues(bentQueue{shutdown: func(_ context.Context, q *queue) error {
			_ = q.Close()
			return nil
		}}, nil), "shutdown", ruleFlush},
		{"drains past the deadline", queues(bentQueue{shutdown: func(_ context.Context, q *queue) error {
			return q.Shutdown(context.Background())
		}}, nil), "shutdown-deadline", ruleDeadline},
		{"says nothing of what is left at the deadline", queues(bentQueue{shutdown: func(ctx context.Context, q *queue) error {
			_ = q.Shutdown(ctx)
			return nil
		}}, nil), "shutdown-deadline", ruleDeadline},
		{"accepts once it is closed", queues(bentQueue{send: func(ctx context.Context, q *queue, batch []envelope.Message) error {
			if err := q.Send(ctx, batch); !errors.Is(err, sink.ErrClosed) {
				return err
			}
			return nil
		}}, nil), "close-race", ruleNeither},
		{"drains in Close", queues(bentQueue{close: func(q *queue) error {
			return q.Shutdown(context.Background())
		}}, nil), "close", ruleClose},
		{"says too little of what Close leaves", queues(bentQueue{close: func(q *queue) error {
			_ = q.Close()
			return &sink.LeftError{Name: "test queue", Messages: 1}
		}}, nil), "close", ruleClose},
		{"says nothing of what Close leaves", queues(bentQueue{close: func(q *queue) error {
			_ = q.Close()
			return nil
		}}, nil), "close", ruleClose},
	} {
		t.Run(c.name, func(t *testing.T) {
			expectCaughtInBubble(t, c.harness, c.check, c.rule)
		})
	}
}
