package sinktest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A subject is one sink under test and the kit's own books of what it was sent.
type subject struct {
	testing.TB
	kit     *kit
	sink    sink.Sink
	next    []*Recorder // what a wrapper sends to
	release func()      // ends a stall
	failing bool        // fail(true) was the last
	ended   bool        // it was shut down or closed
	over    atomic.Bool // the check has ended, and with it the time to report

	mu                 sync.Mutex
	accepted, refused  map[string]int // by key
	acceptedN, refuseN int
}

// make returns a new sink under test, which is closed when the check ends and has not ended it. What a wrapper sends to are
// borrowers if borrower is set.
func (k *kit) make(t testing.TB, borrower bool) *subject {
	t.Helper()
	s := &subject{TB: t, kit: k, release: func() {}, accepted: make(map[string]int), refused: make(map[string]int)}
	switch {
	case k.New != nil:
		s.sink = k.New(t)
	case k.Wrap != nil:
		s.next = []*Recorder{{Borrower: borrower}}
		s.sink = k.Wrap(t, s.next[0])
	default:
		s.next = []*Recorder{{Borrower: borrower}, {Borrower: borrower}}
		s.sink = k.Fan(t, s.next[0], s.next[1])
	}
	if s.sink == nil {
		t.Fatal("sinktest: the harness made no sink")
	}
	t.Cleanup(func() {
		defer s.over.Store(true)
		s.release()
		if s.failing {
			s.fail(false)
		}
		if !s.ended {
			_, _ = s.close()
		}
	})
	return s
}

// broken reports that the sink broke r.
func (s *subject) broken(r rule, format string, args ...any) {
	s.Helper()
	if s.over.Load() {
		return // a Send that outlived its check
	}
	s.Errorf("%s\n\trule broken: %s", fmt.Sprintf(format, args...), r)
}

// within runs f and ends the check when f has not returned in time or has panicked.
func (s *subject) within(r rule, what string, f func()) {
	s.Helper()
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	timer := time.NewTimer(s.kit.Patience)
	defer timer.Stop()
	select {
	case v := <-done:
		if v != nil {
			s.broken(rulePanic, "%s panicked: %v", what, v)
			s.FailNow()
		}
	case <-timer.C:
		s.broken(r, "%s has not returned after %v", what, s.kit.Patience)
		s.FailNow()
	}
}

// repeat calls f again and again beside the check, until stop, which may be called more than once.
func repeat(f func()) (stop func()) {
	over := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			f()
			select {
			case <-over:
				return
			default:
				runtime.Gosched()
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		running.Wait()
	})
}

// messages returns n new messages.
func (s *subject) messages(n int) []envelope.Message {
	batch := make([]envelope.Message, n)
	for i := range batch {
		batch[i] = s.kit.Message(s.kit.made)
		s.kit.made++
		s.kit.keys[s.key(&batch[i])] = true
	}
	return batch
}

// key returns what arrives for m, "" when nothing does.
func (s *subject) key(m *envelope.Message) string {
	if isZero(m) {
		return ""
	}
	return strings.Clone(s.kit.Key(m)) // m may lie in memory that the kit overwrites
}

func (s *subject) keys(batch []envelope.Message) []string {
	keys := make([]string, len(batch))
	for i := range batch {
		keys[i] = s.key(&batch[i])
	}
	return keys
}

// send sends batch and enters the outcome. It ends the check when Send does not return.
func (s *subject) send(ctx context.Context, batch []envelope.Message) (err error) {
	s.Helper()
	return s.sendBound(ctx, ruleReturns, batch)
}

// sendBound is send; r is the rule that is broken when Send does not return.
func (s *subject) sendBound(ctx context.Context, r rule, batch []envelope.Message) (err error) {
	s.Helper()
	s.within(r, "Send", func() { err = s.sendHere(ctx, batch) })
	return err
}

// sendHere sends batch on the caller's goroutine and enters the outcome.
func (s *subject) sendHere(ctx context.Context, batch []envelope.Message) error {
	keys := s.keys(batch)
	err := s.wellFormed(s.sink.Send(ctx, batch), len(batch))
	s.enter(keys, err)
	return err
}

// enter enters the outcome of a Send.
func (s *subject) enter(keys []string, err error) {
	failed := failures(err, len(keys))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, key := range keys {
		if failed[i] != nil {
			s.refuseN++
			s.refused[key]++
		} else {
			s.acceptedN++
			s.accepted[key]++
		}
	}
}

// failures returns what failed in a Send of n messages, by index.
func failures(err error, n int) map[int]error {
	failed := make(map[int]error)
	for i, e := range sink.Failures(err, n) {
		failed[i] = e
	}
	return failed
}

// wellFormed reports an error that breaks the rules of errors, and returns one that does not.
func (s *subject) wellFormed(err error, n int) error {
	var batch *sink.BatchError
	if !errors.As(err, &batch) {
		return err
	}
	if batch == nil {
		s.broken(ruleTypedNil, "Send returned a nil *BatchError")
		return nil
	}
	wrong := flaw(batch.Failed, n)
	if wrong == "" {
		return err
	}
	s.broken(ruleFailures, "Send returned a BatchError with %s", wrong)
	sound := make(map[int]error)
	for _, f := range batch.Failed {
		if f.Index >= 0 && f.Index < n && f.Err != nil {
			sound[f.Index] = f.Err
		}
	}
	return failEach(n, func(i int) error { return sound[i] })
}

// flaw returns what is wrong with the failures of a Send of n messages, "" when nothing is.
func flaw(failed []sink.Failure, n int) string {
	if len(failed) == 0 {
		return "no failure"
	}
	last := -1
	for _, f := range failed {
		switch {
		case f.Index < 0 || f.Index >= n:
			return fmt.Sprintf("index %d in a batch of %d", f.Index, n)
		case f.Index == last:
			return fmt.Sprintf("index %d twice", f.Index)
		case f.Index < last:
			return fmt.Sprintf("index %d after %d", f.Index, last)
		case f.Err == nil:
			return fmt.Sprintf("index %d with a nil Err", f.Index)
		}
		last = f.Index
	}
	return ""
}

// patient returns a context that ends before the kit's patience does, for calls that may wait for an endpoint.
func (k *kit) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), k.Patience/4)
}

// brief returns a context for a Send to what fails or stalls: it may well wait for all of it.
func brief() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 20*time.Millisecond)
}

// fail makes what the sink sends to fail, or work again. It reports whether it can.
func (s *subject) fail(failing bool) bool {
	s.failing = failing
	if s.next == nil {
		if s.kit.Fail == nil {
			return false
		}
		s.kit.Fail(s.TB, failing)
		return true
	}
	var fault Fault
	if failing {
		fault = Fail(errEndpoint)
	}
	s.plan(fault)
	return true
}

var errEndpoint = errors.New("sinktest: the endpoint fails")

// plan plans a fault of everything that a wrapper sends to.
func (s *subject) plan(f Fault) {
	for _, r := range s.next {
		r.Plan(f)
	}
}

// stall makes what the sink sends to hang, or go on. It reports whether it can.
func (s *subject) stall(stalled bool) bool {
	switch {
	case s.next != nil && stalled:
		released := make(chan struct{})
		s.release = sync.OnceFunc(func() { close(released) })
		s.plan(Block(released))
	case s.next != nil:
		s.plan(nil)
		s.release()
	case s.kit.Stall == nil:
		return false
	default:
		s.kit.Stall(s.TB, stalled)
		s.release = func() {}
		if stalled {
			s.release = sync.OnceFunc(func() { s.kit.Stall(s.TB, false) })
		}
	}
	return true
}
