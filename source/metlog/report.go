package metlog

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// reportEvery is how often OnError may be called.
const reportEvery = time.Second

// keptErrors bounds the errors that wait to be told at once. What is told once, such as a Prepared's wrong number of values,
// must not get lost behind another.
const keptErrors = 64

// A reporter calls OnError, not too often and never under a lock.
type reporter struct {
	to      func(error)
	mu      sync.Mutex
	last    time.Time // when it was called
	busy    chan struct{}
	lost    int // messages refused that it was not told of
	refusal error
	other   []error     // it was not told of, at most keptErrors
	later   *time.Timer // nil: nothing is kept back
}

// refused reports that the sink refused n messages.
func (r *reporter) refused(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += n
	r.refusal = err
	r.send(false)
}

// tell reports err, with others if it comes too soon.
func (r *reporter) tell(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to != nil && len(r.other) < keptErrors {
		r.other = append(r.other, err)
	}
	r.send(false)
}

// send calls OnError if it is time to, or else sees to it that it will be.
func (r *reporter) send(now bool) {
	if r.to == nil || r.refusal == nil && r.other == nil || r.busy != nil {
		return
	}
	if wait := reportEvery - time.Since(r.last); wait > 0 && !now && !r.last.IsZero() {
		if r.later == nil {
			r.later = time.AfterFunc(wait, r.remember)
		}
		return
	}
	errs := r.other
	if r.refusal != nil {
		errs = append(errs, fmt.Errorf("metlog: %d messages refused, the last: %w", r.lost, r.refusal))
	}
	err := errs[0]
	if len(errs) > 1 {
		err = errors.Join(errs...)
	}
	r.refusal, r.other, r.lost, r.last = nil, nil, 0, time.Now()
	busy, to := make(chan struct{}), r.to
	r.busy = busy
	go func() {
		defer func() {
			_ = recover() // OnError's own fault
			r.mu.Lock()
			r.busy = nil
			r.send(false)
			r.mu.Unlock()
			close(busy)
		}()
		to(err)
	}()
}

// remember reports what was kept back.
func (r *reporter) remember() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later = nil
	r.send(false)
}

// end reports what was kept back, waits a little for OnError to return and never calls it again.
func (r *reporter) end() {
	r.wait()
	r.mu.Lock()
	if r.later != nil {
		r.later.Stop()
		r.later = nil
	}
	r.send(true)
	r.to = nil
	r.mu.Unlock()
	r.wait()
}

func (r *reporter) wait() {
	r.mu.Lock()
	busy := r.busy
	r.mu.Unlock()
	if busy == nil {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-busy:
	case <-timer.C:
	}
}
