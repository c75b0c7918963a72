package sinktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Recorder is a sink that keeps what it is sent, in memory and without bound. The zero value is ready. It never looks at
// a context unless its Fault does. It refuses the zero Message, as a leaf must. All methods are safe for concurrent use.
type Recorder struct {
	// Borrower makes Borrows true; the recorder then clones what it keeps. Set it before the first Send.
	Borrower bool

	counters sink.Counters

	mu     sync.Mutex
	fault  Fault
	got    []envelope.Message
	grown  chan struct{} // closed when got grows; nil while nobody waits
	closed bool
}

// errZero is what is wrong with a zero Message.
var errZero = sink.Permanent(errors.New("sinktest: zero message"))

// Plan makes f decide about every later Send. A nil f plans no faults.
func (r *Recorder) Plan(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// Send records the messages that the planned Fault lets through. Those that it returns an error for are not recorded.
func (r *Recorder) Send(ctx context.Context, batch []envelope.Message) error {
	return r.counters.Sent(len(batch), r.record(ctx, batch))
}

func (r *Recorder) record(ctx context.Context, batch []envelope.Message) error {
	r.mu.Lock()
	fault, closed := r.fault, r.closed
	r.mu.Unlock()
	if closed {
		return sink.ErrClosed
	}
	var err error
	if fault != nil {
		err = fault(ctx, batch)
	}
	refused := make(map[int]error)
	for i, e := range sink.Failures(err, len(batch)) {
		refused[i] = e
	}
	zero := false
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range batch {
		switch m := &batch[i]; {
		case refused[i] != nil:
		case isZero(m):
			refused[i], zero = errZero, true
		case r.Borrower:
			r.got = append(r.got, m.Clone())
		default:
			r.got = append(r.got, *m)
		}
	}
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
	if !zero {
		return err
	}
	return failEach(len(batch), func(i int) error { return refused[i] })
}

func isZero(m *envelope.Message) bool { return m.JSON() == "{}" }

// All returns a copy of what is recorded, in the order of arrival.
func (r *Recorder) All() []envelope.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// TakeAll returns what is recorded and forgets it. The account does not change.
func (r *Recorder) TakeAll() []envelope.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// JSON returns the text of each recorded message, in the order of arrival.
func (r *Recorder) JSON() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	texts := make([]string, len(r.got))
	for i := range r.got {
		texts[i] = r.got[i].JSON()
	}
	return texts
}

// Len returns the number of messages recorded.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// Wait returns nil as soon as at least n messages are recorded, and an error that tells how many there are when ctx ends
// before.
func (r *Recorder) Wait(ctx context.Context, n int) error {
	for {
		r.mu.Lock()
		if len(r.got) >= n {
			r.mu.Unlock()
			return nil
		}
		if r.grown == nil {
			r.grown = make(chan struct{})
		}
		grown := r.grown
		r.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("sinktest: %d of %d messages recorded: %w", r.Len(), n, context.Cause(ctx))
		}
	}
}

// Account says what became of what the recorder was sent: Done is recorded, ever; Refused is what faults refused. A Send
// that panicked is not in it.
func (r *Recorder) Account() sink.Account { return r.counters.Account("sinktest.Recorder") }

// Borrows returns the field Borrower.
func (r *Recorder) Borrows() bool { return r.Borrower }

// Shutdown closes the recorder. What it recorded stays. It returns nil.
func (r *Recorder) Shutdown(context.Context) error { return r.Close() }

// Close closes the recorder. What it recorded stays. It returns nil.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}

// Closed reports whether Shutdown or Close was called, which nothing that wraps a sink may do.
func (r *Recorder) Closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
