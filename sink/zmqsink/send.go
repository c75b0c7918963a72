package zmqsink

import (
	"context"
	"errors"
	"fmt"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/zmqsocket"
	"github.com/mozilla-services/metlog-go/sink"
)

var errEmpty = errors.New("zmqsink: the zero message is no envelope")

// Send hands the batch to libzmq, which copies it. It waits while libzmq's queue is full or another Send waits, until ctx
// ends; the messages not handed over then fail with ctx's error. A message that is the zero Message or larger than MaxFrame
// fails permanently and holds up no other. If the endpoint cannot be bound or connected, all fail. After Shutdown or Close
// the error is [sink.ErrClosed].
func (s *Sink) Send(ctx context.Context, batch []envelope.Message) error {
	return s.counters.Sent(len(batch), s.send(ctx, batch))
}

func (s *Sink) send(ctx context.Context, batch []envelope.Message) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	if len(batch) == 0 {
		return nil
	}
	socket, err := s.open()
	if err != nil {
		return err
	}
	var stop func() bool
	pause := func() error {
		if stop == nil {
			stop = context.AfterFunc(ctx, socket.Wake)
		}
		select {
		case <-s.aborted:
			return sink.ErrClosed
		default:
			return ctx.Err()
		}
	}
	defer func() {
		if stop != nil {
			stop()
		}
	}()
	defer s.chunk.reset()
	refused := 0
	for next := 0; next < len(batch); {
		var n int
		next, n = s.chunk.fill(batch, next, &s.options)
		refused += n
		if sent, err := socket.Send(s.chunk.texts, s.chunk.ends, pause); err != nil {
			return s.failed(batch, s.chunk.index(sent), fmt.Errorf("zmqsink: %w", err))
		}
	}
	if refused > 0 {
		return s.failed(batch, len(batch), nil)
	}
	return nil
}

// failed returns the error of a Send that handed over what comes before unsent, but for what it refuses; err is why it
// went no further.
func (s *Sink) failed(batch []envelope.Message, unsent int, err error) error {
	var failures []sink.Failure
	for i := range batch {
		if refusal := s.options.refusal(batch[i].JSON()); refusal != nil {
			failures = append(failures, sink.Failure{Index: i, Err: refusal})
		} else if i >= unsent {
			failures = append(failures, sink.Failure{Index: i, Err: err})
		}
	}
	return &sink.BatchError{Failed: failures}
}

// refusal returns why a message with that text cannot be sent, nil if it can.
func (o *Options) refusal(text string) error {
	switch {
	case text == "{}":
		return sink.Permanent(errEmpty)
	case len(text) > o.MaxFrame:
		return sink.Permanent(fmt.Errorf("zmqsink: message of %d bytes is larger than MaxFrame, %d", len(text), o.MaxFrame))
	}
	return nil
}

// take waits for the turn, and gives it back if the sink is closing.
func (s *Sink) take(ctx context.Context) error {
	select {
	case <-s.turn:
	default:
		select {
		case <-s.turn:
		case <-s.closing:
			return sink.ErrClosed
		case <-ctx.Done():
			return fmt.Errorf("zmqsink: %w", ctx.Err())
		}
	}
	select {
	case <-s.closing:
		s.give()
		return sink.ErrClosed
	default:
		return nil
	}
}

func (s *Sink) give() { s.turn <- struct{}{} }

// open returns the socket, which it opens if there is none yet. The caller has the turn.
func (s *Sink) open() (*zmqsocket.Socket, error) {
	if socket := s.socket.Load(); socket != nil {
		return socket, nil
	}
	socket, err := zmqsocket.Open(zmqsocket.Settings{
		Kind:      zmqsocket.Push,
		HighWater: s.options.HighWater,
		MaxFrame:  s.options.MaxFrame,
		Plain:     s.plain,
	})
	if err != nil {
		return nil, fmt.Errorf("zmqsink: %w", err)
	}
	if _, err := socket.Attach(s.endpoint); err != nil {
		return nil, fmt.Errorf("zmqsink: %w", errors.Join(err, socket.Close(0)))
	}
	s.socket.Store(socket)
	return socket, nil
}
