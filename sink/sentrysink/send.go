package sentrysink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// Send posts an event for each message, several at once, and returns nil when the server has answered 2xx to all of them.
// Else it is a [*sink.BatchError]: what can never be sent is permanent, for the rest see the package's comment. When a
// server does not answer, or answers for all, the rest of the batch for it fails with the same error, unsent.
func (s *Sink) Send(ctx context.Context, batch []envelope.Message) error {
	if !s.begin() {
		return s.counters.Sent(len(batch), sink.ErrClosed)
	}
	defer s.sends.Done()
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	d := delivery{sink: s, batch: batch, errs: make([]error, len(batch))}
	d.run(ctx)
	return s.counters.Sent(len(batch), d.err())
}

// A delivery is the work of one Send.
type delivery struct {
	sink  *Sink
	batch []envelope.Message
	errs  []error
	next  atomic.Int64
	down  sync.Map // of a target's id to the error of all that goes there

	thrown atomic.Pointer[any] // what the Fingerprint of Options panicked with
}

func (d *delivery) run(ctx context.Context) {
	var others sync.WaitGroup
	for range min(len(d.batch), d.sink.options.Requests) - 1 {
		others.Go(func() { d.work(ctx) })
	}
	d.work(ctx)
	others.Wait()
	if thrown := d.thrown.Load(); thrown != nil {
		panic(*thrown) // where the caller can recover
	}
}

// work sends what no other goroutine has begun with.
func (d *delivery) work(ctx context.Context) {
	defer func() {
		if thrown := recover(); thrown != nil {
			d.thrown.Store(&thrown)
		}
	}()
	for {
		i := int(d.next.Add(1)) - 1
		if i >= len(d.batch) {
			return
		}
		d.errs[i] = d.one(ctx, &d.batch[i])
	}
}

func (d *delivery) one(ctx context.Context, m *envelope.Message) error {
	s := d.sink
	if err := s.take(ctx); err != nil {
		return err
	}
	defer func() { <-s.slots }()
	memory := s.memory.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.recycle(memory)
	e, err := s.event(m, memory)
	if err != nil {
		return sink.Permanent(&EventError{m.Meta().ID, err})
	}
	to, err := s.targets.choose(m, e.project)
	if err != nil {
		return sink.Permanent(err)
	}
	if err, down := d.down.Load(to.id); down {
		return err.(error) //nolint:forcetypeassert // nothing else is put there
	}
	if err := s.limits.check(to); err != nil {
		return err
	}
	err = s.deliver(ctx, e, to, memory)
	if err != nil && isDown(err) && !sink.IsPermanent(err) {
		d.down.LoadOrStore(to.id, err)
	}
	return err
}

// deliver sends an event, and what is left of it to a server that finds it too large.
func (s *Sink) deliver(ctx context.Context, e *event, to *target, memory *scratch) error {
	limit := s.options.MaxEvent
	var refused error
	for {
		text, err := e.append(memory.event[:0], limit)
		if memory.event = text[:0]; err != nil && refused == nil {
			return sink.Permanent(&EventError{e.message, err})
		} else if err != nil {
			return refused
		}
		memory.envelope = appendEnvelope(memory.envelope[:0], e.id, text)
		err = s.post(ctx, to, memory.envelope)
		var answer *AnswerError
		if !errors.As(err, &answer) || answer.Status != http.StatusRequestEntityTooLarge {
			return err
		}
		refused, limit = err, len(text)/2
	}
}

// scratch is memory for one event.
type scratch struct {
	encoder  *envelope.Encoder
	text     []byte // of the event, as it came
	slab     []byte // where it lies, checked
	event    []byte // as it is sent
	envelope []byte
}

const keptBytes = 1 << 20 // the largest memory that is used again

func (s *Sink) recycle(memory *scratch) {
	if cap(memory.text)+cap(memory.slab)+cap(memory.event)+cap(memory.envelope) <= keptBytes {
		s.memory.Put(memory)
	}
}

// take waits for one of the places for requests.
func (s *Sink) take(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		select {
		case s.slots <- struct{}{}:
			return nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if s.life.Err() != nil {
		return sink.ErrClosed
	}
	return fmt.Errorf("sentrysink: not sent: %w", err)
}

// err returns the error of the Send.
func (d *delivery) err() error {
	var failed []sink.Failure
	for i, err := range d.errs {
		if err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}
