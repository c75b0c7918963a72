package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/deadletter"
)

// Full is what a [Queue] does with messages there is no room for. A batch larger than the whole queue is let into an empty
// one.
type Full int

const (
	// Block makes Send wait until the whole batch fits or ctx ends; then the whole batch fails. Those that wait are served
	// in their order.
	Block Full = iota
	// Overflow gives a batch that does not fit to DeadLetter, on the sender's goroutine. Send's error is DeadLetter's.
	Overflow
	// DropNewest drops what does not fit. Send returns nil.
	DropNewest
	// DropOldest drops what has been in the queue longest and is not being sent, what waits for DeadLetter included. Send
	// returns nil.
	DropOldest
	// ShedBySeverity keeps a quarter of the queue for messages of severity Error and worse, and drops what does not fit.
	// Send returns nil.
	ShedBySeverity
)

var errFull = errors.New("sink: queue full")

// A waiter is a Send that waits for room. Whoever makes room admits it.
type waiter struct {
	batch    []envelope.Message
	bytes    int
	answered chan struct{} // closed when err holds the Send's result
	err      error
}

// fits reports whether n more messages have room. The caller holds mu.
func (q *Queue) fits(n, bytes int) bool {
	held := q.held()
	messages, size := q.options.MaxMessages, q.options.MaxBytes
	if q.options.Full == ShedBySeverity {
		messages, size = messages-messages/4, size-size/4
	}
	return held == 0 || held+n <= messages && q.bytes+bytes <= size
}

// full is Send's way when there is no room. The caller holds mu, which full unlocks.
func (q *Queue) full(ctx context.Context, batch []envelope.Message, bytes int) error {
	switch q.options.Full {
	case Overflow:
		q.mu.Unlock()
		return q.overflow(ctx, batch)
	case DropNewest, ShedBySeverity:
		q.admitSome(batch)
	case DropOldest:
		q.admitNewest(batch, bytes)
	default:
		w := &waiter{batch: batch, bytes: bytes, answered: make(chan struct{})}
		q.waiters = append(q.waiters, w)
		q.nudge()
		q.mu.Unlock()
		return q.wait(ctx, w)
	}
	q.mu.Unlock()
	return nil
}

func (q *Queue) wait(ctx context.Context, w *waiter) error {
	select {
	case <-w.answered:
		return w.err
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiters, w)
	if i < 0 { // answered just now
		return w.err
	}
	q.waiters = slices.Delete(q.waiters, i, i+1)
	err := q.refuse(len(w.batch), fmt.Errorf("%w: %w", errFull, context.Cause(ctx)))
	q.roomed() // those behind it may be smaller
	return err
}

// roomed admits those that wait and fit now. Whoever takes messages out calls it; the caller holds mu.
func (q *Queue) roomed() {
	for len(q.waiters) > 0 && q.fits(len(q.waiters[0].batch), q.waiters[0].bytes) {
		w := q.waiters[0]
		q.waiters = slices.Delete(q.waiters, 0, 1)
		q.admit(w.batch, w.bytes)
		close(w.answered)
	}
}

func (q *Queue) overflow(ctx context.Context, batch []envelope.Message) error {
	letters := selection{}
	var failed []Failure
	for i := range batch {
		letter, err := deadletter.Wrap(&batch[i], deadletter.Reason{Sink: q.name, Err: errFull})
		if err != nil {
			failed = append(failed, Failure{i, fmt.Errorf("%w: %w", errFull, err)})
			continue
		}
		letters.add(&letter, i)
	}
	if len(letters.batch) > 0 {
		failed = letters.failures(failed, try(ctx, q.options.DeadLetter, letters.batch))
		sortFailures(failed)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := len(batch) - len(failed)
	q.books.Offered += uint64(taken)
	q.drop(taken, "deadletter")
	if len(failed) == 0 {
		q.books.LastError = errFull
		return nil
	}
	err := batchError(failed)
	_ = q.refuse(len(failed), err)
	return err
}

// admitSome takes what fits, in order, and drops the rest. The caller holds mu.
func (q *Queue) admitSome(batch []envelope.Message) {
	shed := q.options.Full == ShedBySeverity
	reason := "newest"
	if shed {
		reason = "shed"
	}
	for i := range batch {
		bytes := charge(&batch[i])
		fits := q.fits(1, bytes)
		if shed && !fits && batch[i].Severity() <= envelope.Error {
			fits = q.held()+1 <= q.options.MaxMessages && q.bytes+bytes <= q.options.MaxBytes
		}
		if fits {
			q.admit(batch[i:i+1], bytes)
			continue
		}
		rest := 1
		if !shed {
			rest = len(batch) - i
		}
		q.books.Offered += uint64(rest)
		q.drop(rest, reason)
		q.books.LastError = errFull
		if !shed {
			return
		}
	}
}

// admitNewest drops the oldest until batch fits; those being sent cannot go, so that may be batch's own. The caller holds
// mu.
func (q *Queue) admitNewest(batch []envelope.Message, bytes int) {
	dropped := 0
	for !q.fits(len(batch), bytes) && q.dropOldest() {
		dropped++
	}
	for !q.fits(len(batch), bytes) {
		bytes -= charge(&batch[0])
		batch = batch[1:]
		q.books.Offered++
		dropped++
		if len(batch) == 0 {
			break
		}
	}
	q.drop(dropped, "oldest")
	q.books.LastError = errFull
	if len(batch) > 0 {
		q.admit(batch, bytes)
	}
}

// dropOldest removes one message, and does not count it. The caller holds mu.
func (q *Queue) dropOldest() bool {
	for _, groups := range []*groups{&q.dying, &q.aside} {
		if bytes, ok := groups.dropFirst(); ok {
			q.bytes -= bytes
			return true
		}
	}
	for _, l := range []*line{&q.work, &q.pending} {
		if l.len() > 0 {
			q.bytes -= l.popFront()
			return true
		}
	}
	return false
}
