package archivesink

import (
	"context"
	"errors"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// putGrace is how long a Store may go on after its context has ended. Longer, and its Put is left behind.
const putGrace = time.Second

// Shutdown seals all segments, and gives the Store what it takes at the first try. What it does not take is no error: it
// stays in the directory and the next start ships it. When ctx ends first, or a segment cannot be sealed, the rest stays
// in DIR/_open for the next start to seal, and the error is a [*sink.LeftError].
func (s *Sink) Shutdown(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.giveUp)
	defer stop()
	return s.end()
}

// Close gives up at once: segments stay in DIR/_open for the next start to seal, and the error is a [*sink.LeftError] if
// there are any.
func (s *Sink) Close() error {
	s.giveUp()
	return s.end()
}

// end stops what runs, in order, and says what is left. Only the first call has anything to do.
func (s *Sink) end() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.closing)
		s.sends.Wait()
		close(s.drain)
	}
	<-s.sealed
	select {
	case <-s.shipped:
	case <-s.ctx.Done():
		grace := time.NewTimer(putGrace)
		defer grace.Stop()
		select {
		case <-s.shipped:
		case <-grace.C:
		}
	}
	s.giveUp()
	return s.finish()
}

// left closes every segment that was not sealed.
func (s *Sink) left() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	recoverable := &sink.LeftError{Name: s.name, Where: s.openIn}
	lost := &sink.LeftError{Name: s.name}
	for _, g := range s.open {
		s.waiting = append(s.waiting, g)
	}
	clear(s.open)
	for _, g := range s.waiting {
		to := recoverable
		if isUnlinked(g.file) {
			to = lost
		}
		to.Messages += g.messages
		to.Bytes += uint64(g.size)
		_ = g.file.Close() // every line was written when it was reported
	}
	s.waiting = nil
	switch {
	case lost.Messages > 0 && recoverable.Messages > 0:
		return errors.Join(lost, recoverable)
	case lost.Messages > 0:
		return lost
	case recoverable.Messages > 0:
		return recoverable
	}
	return nil
}
