package sinktest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A sieve is a wrapper as it should be: it drops what it does not want and maps indexes back.
type sieve struct {
	sink.Counters
	next sink.Sink
}

// wanted is true for about two messages of three.
func wanted(m *envelope.Message) bool {
	h := fnv.New32()
	_, _ = h.Write([]byte(m.JSON()))
	return h.Sum32()%3 != 0
}

func wantedKey(m *envelope.Message) string {
	if wanted(m) {
		return m.JSON()
	}
	return ""
}

func (s *sieve) Account() sink.Account { return s.Counters.Account("test sieve") }
func (s *sieve) Next() []sink.Sink     { return []sink.Sink{s.next} }
func (s *sieve) Borrows() bool         { return sink.Borrows(s.next) }

// pick returns what is wanted of batch and where it was.
func pick(batch []envelope.Message) (kept []envelope.Message, from []int) {
	for i := range batch {
		if wanted(&batch[i]) {
			kept = append(kept, batch[i])
			from = append(from, i)
		}
	}
	return kept, from
}

func (s *sieve) Send(ctx context.Context, batch []envelope.Message) error {
	kept, from := pick(batch)
	err := error(nil)
	if len(kept) > 0 {
		err = s.next.Send(ctx, kept)
	}
	var failed []sink.Failure
	for i, e := range sink.Failures(err, len(kept)) {
		failed = append(failed, sink.Failure{Index: from[i], Err: e})
	}
	s.Drop(len(batch)-len(kept), "unwanted", nil)
	if failed == nil {
		return s.Sent(len(kept), nil)
	}
	_ = s.Sent(len(kept), err)
	return &sink.BatchError{Failed: failed}
}

func TestGoodFilter(t *testing.T) {
	Run(t, Harness{
		Wrap:    func(_ testing.TB, next sink.Sink) sink.Sink { return &sieve{next: next} },
		Key:     wantedKey,
		Ordered: true,
	})
}

// A tee is a fan-out as it should be.
type tee struct {
	sink.Counters
	to []sink.Sink
}

func (s *tee) Account() sink.Account { return s.Counters.Account("test tee") }
func (s *tee) Next() []sink.Sink     { return s.to }
func (s *tee) Borrows() bool         { return sink.Borrows(s.to[0]) && sink.Borrows(s.to[1]) }

func (s *tee) Send(ctx context.Context, batch []envelope.Message) error {
	errs := make([]error, len(batch))
	for _, next := range s.to {
		for i, e := range sink.Failures(next.Send(ctx, batch), len(batch)) {
			if errs[i] != nil {
				e = errors.Join(errs[i], e)
			}
			errs[i] = e
		}
	}
	return s.Sent(len(batch), failEach(len(batch), func(i int) error { return errs[i] }))
}

func TestGoodTee(t *testing.T) {
	Run(t, Harness{
		Fan:     func(_ testing.TB, a, b sink.Sink) sink.Sink { return &tee{to: []sink.Sink{a, b}} },
		Ordered: true,
	})
}

// A queue is an asynchronous wrapper as it should be: it holds at most room messages.
type queue struct {
	next   sink.Sink
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	pending []envelope.Message
	account sink.Account
	closed  bool
}

const room = 400

func newQueue(next sink.Sink) *queue {
	ctx, cancel := context.WithCancel(context.Background())
	q := &queue{next: next, cancel: cancel, done: make(chan struct{}), changed: make(chan struct{})}
	q.account.Name = "test queue"
	go q.work(ctx)
	return q
}

func (q *queue) Account() sink.Account {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.account
	a.Held = uint64(len(q.pending))
	a.Dropped = maps.Clone(a.Dropped)
	return a
}

func (q *queue) Next() []sink.Sink { return []sink.Sink{q.next} }

// wake tells everybody who waits. mu is held.
func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func (q *queue) Send(ctx context.Context, batch []envelope.Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && len(q.pending) > 0 && len(q.pending)+len(batch) > room {
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
			q.mu.Lock()
		case <-ctx.Done():
			q.mu.Lock()
			return q.refuse(batch, ctx.Err())
		}
	}
	if q.closed {
		return q.refuse(batch, sink.ErrClosed)
	}
	q.account.Offered += uint64(len(batch))
	q.pending = append(q.pending, batch...)
	q.wake()
	return nil
}

func (q *queue) refuse(batch []envelope.Message, err error) error {
	q.account.Offered += uint64(len(batch))
	q.account.Refused += uint64(len(batch))
	q.account.LastError = err
	return err
}

func (q *queue) work(ctx context.Context) {
	defer close(q.done)
	for {
		q.mu.Lock()
		batch, changed, closed := q.pending[:min(len(q.pending), 50)], q.changed, q.closed
		q.mu.Unlock()
		if ctx.Err() != nil || closed && len(batch) == 0 {
			return
		}
		if len(batch) == 0 {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := q.try(ctx, batch); q.settle(len(batch), err) {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

func (q *queue) try(ctx context.Context, batch []envelope.Message) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return q.next.Send(ctx, batch)
}

// settle keeps what failed of the first n pending messages for another time. It reports whether there is any.
func (q *queue) settle(n int, err error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	failed := failures(err, n)
	var again []envelope.Message
	for i := range n {
		switch e := failed[i]; {
		case e == nil:
			q.account.Done++
		case sink.IsPermanent(e):
			if q.account.Dropped == nil {
				q.account.Dropped = make(map[string]uint64)
			}
			q.account.Dropped["given up"]++
		default:
			again = append(again, q.pending[i])
		}
	}
	q.pending = append(again, q.pending[n:]...)
	q.wake()
	return len(again) > 0
}

func (q *queue) Shutdown(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.wake()
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
	}
	return q.Close()
}

func (q *queue) Close() error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		q.wake()
	}
	q.mu.Unlock()
	q.cancel()
	<-q.done
	if a := q.Account(); a.Held > 0 {
		return &sink.LeftError{Name: a.Name, Messages: a.Held}
	}
	return nil
}

func TestGoodQueue(t *testing.T) {
	Run(t, Harness{
		Wrap:         func(_ testing.TB, next sink.Sink) sink.Sink { return newQueue(next) },
		Asynchronous: true,
		Ordered:      true,
	})
}
