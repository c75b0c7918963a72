package sink

import (
	"context"
	"time"
)

// patience is how long the end waits for a Send that does not heed its context.
const patience = time.Second

// Shutdown takes no more messages, sends what it holds and ends when there is nothing left. Those that wait for another
// attempt are tried at once. In the last tenth of the time until ctx's deadline what is still there goes to DeadLetter, as
// it does when a ctx without a deadline ends, and as soon as nothing is due for another attempt before then, since next has
// asked for more time or the backoff takes it: to wait would deliver nothing. What then remains is dropped as "shutdown",
// and the error is a [*LeftError]. When Shutdown is called more than once, the first ctx to end ends it for all; each
// returns the same.
func (q *Queue) Shutdown(ctx context.Context) error {
	q.drain()
	lastTenth, stop := q.lastTenth(ctx)
	defer stop()
	select {
	case <-q.stopped:
	case <-lastTenth:
	case <-ctx.Done():
	case <-q.closed.Done():
	}
	q.ending <- struct{}{}
	defer func() { <-q.ending }()
	if !q.leave() {
		wait := patience
		if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil {
			wait = min(wait, time.Until(deadline)/2)
		}
		await(q.stopped, wait)
		if q.options.DeadLetter != nil && q.closed.Err() == nil {
			q.buryWithin(ctx)
		}
	}
	return q.end()
}

// Close takes no more messages and gives up what it holds: that is dropped as "shutdown", and the error is a [*LeftError]
// with how much it was. After Shutdown it returns what that did.
func (q *Queue) Close() error {
	q.drain()
	q.close()
	q.ending <- struct{}{}
	defer func() { <-q.ending }()
	if !q.leave() {
		await(q.stopped, patience)
	}
	return q.end()
}

// drain stops accepting and wakes everything that sleeps.
func (q *Queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != open {
		return
	}
	q.state = draining
	for _, w := range q.waiters {
		w.err = q.refuse(len(w.batch), ErrClosed)
		close(w.answered)
	}
	q.waiters = nil
	q.blocked, q.waits = 0, q.options.Backoff.start()
	q.aside.hurry(q.now(), q.options.Backoff)
	q.dying.hurry(q.now(), q.options.Backoff)
	q.rouse()
}

// lastTenth returns a channel that is ready when a tenth of the time until ctx's deadline is left, which is DeadLetter's.
func (q *Queue) lastTenth(ctx context.Context) (<-chan time.Time, func() bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, func() bool { return false }
	}
	left := time.Until(deadline)
	if q.options.DeadLetter == nil {
		q.endBy(left)
		return nil, func() bool { return false }
	}
	left -= left / 10
	q.endBy(left)
	timer := time.NewTimer(left)
	return timer.C, timer.Stop
}

// endBy tells the worker for how long it may try.
func (q *Queue) endBy(left time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = min(q.last, q.now()+left)
	q.rouse()
}

// tooLate reports whether the queue ends before next may be sent anything of what is left for it. The caller holds mu.
func (q *Queue) tooLate(now time.Duration) bool {
	left := q.work.len() + q.pending.len() + q.aside.messages
	return q.state == draining && left > 0 && now < q.last && q.last <= q.due(now)
}

// leave makes the worker end. It reports whether there is nothing left to do: it has ended and left nothing, or the queue
// has ended without it.
func (q *Queue) leave() bool {
	q.mu.Lock()
	over := q.state == ended
	q.state = max(q.state, leaving)
	q.mu.Unlock()
	q.abort()
	q.rouse()
	select {
	case <-q.stopped:
		return q.Account().Held == 0
	default:
		return over
	}
}

// await waits until done is closed, for as long as wait.
func await(done <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// buryWithin gives what is left to DeadLetter until ctx or the queue ends.
func (q *Queue) buryWithin(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(q.closed, cancel)()
	over := make(chan struct{})
	go func() {
		defer close(over)
		q.buryAll(ctx)
	}()
	select {
	case <-over:
	case <-ctx.Done():
		await(over, patience)
	}
}

// end accounts for what is left.
func (q *Queue) end() error {
	q.close()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state != ended {
		if held := q.held(); held > 0 {
			q.drop(held, "shutdown")
			q.left = &LeftError{Name: q.name, Messages: uint64(held), Bytes: uint64(q.bytes)}
		}
		q.state = ended
		q.pending, q.work, q.flight = line{}, line{}, flight{}
		q.aside, q.dying, q.air, q.bytes = groups{}, groups{}, nil, 0
	}
	if q.left == nil {
		return nil
	}
	return q.left
}
