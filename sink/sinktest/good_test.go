package sinktest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// An endpoint is what good and broken leaves send to.
type endpoint struct {
	mu    sync.Mutex
	lines []string
	down  bool
	stall chan struct{} // nil: not stalled
}

func (e *endpoint) write(ctx context.Context, lines ...string) error {
	e.mu.Lock()
	stall := e.stall
	e.mu.Unlock()
	if stall != nil {
		select {
		case <-stall:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return errors.New("connection refused")
	}
	e.lines = append(e.lines, lines...)
	return nil
}

func (e *endpoint) received() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.lines...)
}

func (e *endpoint) setStall(stalled bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if stalled {
		e.stall = make(chan struct{})
		return
	}
	if e.stall != nil {
		close(e.stall)
		e.stall = nil
	}
}

func (e *endpoint) fail(failing bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = failing
}

// A leaf is a sink as it should be: the broken ones differ from it in one thing each.
type leaf struct {
	sink.Counters
	to *endpoint

	mu     sync.RWMutex // held for reading by each Send
	closed bool
}

func (l *leaf) Account() sink.Account { return l.Counters.Account("test leaf") }
func (l *leaf) Borrows() bool         { return true }

func (l *leaf) Send(ctx context.Context, batch []envelope.Message) error {
	return l.Sent(len(batch), l.deliver(ctx, batch))
}

func (l *leaf) deliver(ctx context.Context, batch []envelope.Message) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return sink.ErrClosed
	}
	var failed []sink.Failure
	var lines []string
	for i := range batch {
		if batch[i].JSON() == "{}" {
			failed = append(failed, sink.Failure{Index: i, Err: sink.Permanent(errors.New("no envelope"))})
			continue
		}
		lines = append(lines, strings.Clone(batch[i].JSON()))
	}
	if err := l.to.write(ctx, lines...); err != nil {
		return err
	}
	if failed == nil {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}

func (l *leaf) Shutdown(context.Context) error { return l.Close() }

func (l *leaf) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}

// leafHarness returns a harness for what make returns.
func leafHarness(make func(t testing.TB, to *endpoint) sink.Sink) Harness {
	var to *endpoint
	return Harness{
		New: func(t testing.TB) sink.Sink {
			to = &endpoint{}
			return make(t, to)
		},
		Received: func(testing.TB) []string { return to.received() },
		Fail:     func(_ testing.TB, failing bool) { to.fail(failing) },
		Stall:    func(_ testing.TB, stalled bool) { to.setStall(stalled) },
		Ordered:  true,
	}
}

func newLeaf(_ testing.TB, to *endpoint) sink.Sink { return &leaf{to: to} }

func TestGoodLeaf(t *testing.T) { Run(t, leafHarness(newLeaf)) }

func TestRecorder(t *testing.T) {
	var r *Recorder
	Run(t, Harness{
		New:      func(testing.TB) sink.Sink { r = &Recorder{}; return r },
		Received: func(testing.TB) []string { return r.JSON() },
		Ordered:  true,
	})
}
