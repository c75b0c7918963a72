package zmqsink

import (
	"context"
	"fmt"
	"time"
)

// moment is how long a queue is given that is given up, for libzmq to say whether anything is in it.
const moment = 100 * time.Millisecond

// Shutdown lets the Sends that have begun end and waits until libzmq's queue has left, at most for Linger and not past
// ctx's deadline, but a tenth of a second in any case; Sends that still wait when ctx ends fail. The error says when
// something remained in the queue, which is lost then: how much libzmq does not say, so it is no [sink.LeftError]. Every
// Shutdown and Close after the first returns what that returned.
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
	if ctx.Err() != nil {
		linger = 0
	}
	return s.end(linger)
}

// Close gives up: Sends that wait fail, and libzmq's queue has a tenth of a second to leave. Its error is as Shutdown's. A
// Shutdown that has begun to wait for the queue cannot be cut short.
func (s *Sink) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	s.abort()
	<-s.turn
	defer s.give()
	return s.end(0)
}

func (s *Sink) abort() {
	s.abortOnce.Do(func() { close(s.aborted) })
	if socket := s.socket.Load(); socket != nil {
		socket.Wake()
	}
}

// end closes the socket, once. The caller has the turn.
func (s *Sink) end(linger time.Duration) error {
	if s.ended {
		return s.endErr
	}
	s.ended = true
	if socket := s.socket.Load(); socket != nil {
		if err := socket.Close(max(linger, moment)); err != nil {
			s.endErr = fmt.Errorf("zmqsink: %s: %w", s.name, err)
			s.counters.Failed(s.endErr)
		}
	}
	return s.endErr
}
