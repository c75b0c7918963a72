package metlog

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// reportEvery is how often OnError may be called.
const reportEvery = time.Second

// keptErrors bounds the errors that wait to be told at once. What is told once, such as a Prepared's wrong number of
// values, must not get lost behind another.
const keptErrors = 64

// A reporter calls OnError, not too often and never under a lock.
type reporter struct {
	to      func(error)
	mu      sync.Mutex
	last    time.Time // when it was called
	busy    chan struct{}
	lost    uint64 // messages refused that it was not told of
	refusal error
	other   []told      // at most keptErrors
	beyond  uint64      // errors that were too many
	later   *time.Timer // nil: nothing is kept back
}

// A told error is one that OnError was not told of yet, and how often it came.
type told struct {
	err   error
	text  string
	times uint64
}

// refused reports that the sink refused n messages.
func (r *reporter) refused(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += uint64(n)
	r.refusal = err
	r.send(false)
}

// tell reports err, with others if it comes too soon.
func (r *reporter) tell(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(err)
	r.send(false)
}

func (r *reporter) keep(err error) {
	if r.to == nil {
		return
	}
	text := err.Error()
	for i := range r.other {
		if r.other[i].text == text {
			r.other[i].times++
			return
		}
	}
	if len(r.other) < keptErrors {
		r.other = append(r.other, told{err, text, 1})
	} else {
		r.beyond++
	}
}

// all returns what was kept as one error.
func (r *reporter) all() error {
	var errs []error
	for _, t := range r.other {
		if t.times > 1 {
			t.err = fmt.Errorf("%w (%d times)", t.err, t.times)
		}
		errs = append(errs, t.err)
	}
	if r.beyond > 0 {
		errs = append(errs, fmt.Errorf("metlog: %d errors more", r.beyond))
	}
	switch {
	case r.lost == 1:
		errs = append(errs, fmt.Errorf("metlog: 1 message refused: %w", r.refusal))
	case r.lost > 1:
		errs = append(errs, fmt.Errorf("metlog: %d messages refused, the last: %w", r.lost, r.refusal))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
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
	err := r.all()
	r.refusal, r.other, r.lost, r.beyond, r.last = nil, nil, 0, 0, time.Now()
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
