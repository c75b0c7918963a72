package cefsink

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/mozilla-services/metlog-go/sink"
)

// Shutdown lets the Send that is under way finish, ends the connection, and waits until the server has ended it too, for a
// second at most; if it breaks, what is kept is sent again over another. Every later Send returns [sink.ErrClosed]. If ctx
// ends first, Shutdown does what Close does and returns ctx's error too.
func (s *Sink) Shutdown(ctx context.Context) error {
	s.closed.Store(true)
	err := s.take(ctx)
	if err == nil {
		if !s.ended {
			ctx, cancel := until(ctx, s.life)
			err = s.wire.finish(ctx)
			cancel()
		}
		s.give()
	}
	return errors.Join(err, s.Close())
}

// Close ends the Send that is under way and the connection. Every later Send returns [sink.ErrClosed]. The error, a
// [*sink.LeftError], says how many records were written shortly before the connection broke, and have not been sent again:
// nobody knows whether they arrived. Their messages are Done in the account.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.die()
	s.turn <- struct{}{}
	if !s.ended {
		s.ended = true
		if records, bytes := s.wire.close(); records > 0 {
			doubt := fmt.Sprintf("they were written within %v before the connection broke", s.resend)
			s.endErr = &sink.LeftError{Name: s.name, Messages: records, Bytes: bytes, Doubt: doubt}
		}
	}
	err := s.endErr
	s.give()
	s.running.Wait()
	return err
}

// attend takes a connection over. A goroutine reads from it until it ends, and then sees to what must be written again.
func (s *Sink) attend(conn, raw net.Conn) *peer {
	p := newPeer(conn, raw)
	s.running.Go(func() {
		stop := context.AfterFunc(s.life, func() {
			p.ended.Store(true)
			_ = raw.Close()
		})
		p.read()
		stop()
		s.mend()
	})
	return p
}

// mend makes a new connection, if something must be written again: nobody may send for hours.
func (s *Sink) mend() {
	stream, ok := s.wire.(*stream)
	if !ok {
		return
	}
	for mine := false; ; {
		if s.take(s.life) != nil {
			return
		}
		if s.life.Err() != nil || s.closed.Load() || s.mending && !mine {
			s.give()
			return
		}
		again := stream.mend(s.life)
		mine = again > 0
		s.mending = mine
		s.give()
		if !mine || rest(s.life, again) != nil {
			return
		}
	}
}
