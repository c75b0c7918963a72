package zmqsink

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Shutdown lets the Sends that have begun end and waits until libzmq's queue has left, at most for Linger and not past
// ctx's deadline; Sends that still wait when ctx ends fail. The error says when something remained in the queue, which is
// lost then, or, for a ctx that has ended already, that something may have. Every Shutdown and Close after the first returns what that returned.
func (s *Sink) Shutdown(ctx context.Context) error {
	s.closeOnce.Do(func() { close(s.closing) })
	select {
	case <-s.turn:
	default:
		select {
		case <-s.turn:
		case <-ctx.Done():
			s.abort()
			<-s.turn
		}
	}
	defer s.give()
	linger := s.options.Linger
	if deadline, ok := ctx.Deadline(); ok {
		linger = min(linger, time.Until(deadline))
	}
	if err := ctx.Err(); err != nil {
		if s.counters.Account(s.name).Done > 0 {
			err = fmt.Errorf("what libzmq had not sent yet is lost: %w", err)
		} else {
			err = nil
		}
		return s.end(0, err)
	}
	return s.end(linger, nil)
}

// Close gives up at once: Sends that wait fail, and what libzmq has queued is lost. How much that is libzmq does not say,
// so there is no [sink.LeftError]. A Shutdown that has begun to wait for the queue cannot be cut short.
func (s *Sink) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	s.abort()
	<-s.turn
	defer s.give()
	return s.end(0, nil)
}

func (s *Sink) abort() {
	s.abortOnce.Do(func() { close(s.aborted) })
	if socket := s.socket.Load(); socket != nil {
		socket.Wake()
	}
}

// end closes the socket, once; left is what is known of the queue before. The caller has the turn.
func (s *Sink) end(linger time.Duration, left error) error {
	if s.ended {
		return s.endErr
	}
	s.ended = true
	if socket := s.socket.Load(); socket != nil {
		if err := errors.Join(left, socket.Close(linger)); err != nil {
			s.endErr = fmt.Errorf("zmqsink: %s: %w", s.name, err)
			s.counters.Failed(s.endErr)
		}
	}
	return s.endErr
}
