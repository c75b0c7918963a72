package cefsink

import (
	"context"
	"fmt"
	"time"
)

// A connection that ends within its first second puts the next ones on trial: nothing new is said to be sent before one has
// lived that long. For a server may be starting, or what is kept may be what it dies of. After some such, one must live
// without what is kept; if it ends only with it, that is given up.

// trusted goes on when a connection on trial has lived long enough: with what is kept, if it has lived without.
func (s *stream) trusted(ctx context.Context) error {
	records, _ := s.keep.waiting()
	if records == 0 {
		s.brief, s.failed, s.accused = 0, 0, false
		return nil
	}
	s.accused = true // it lived without them
	s.peer.trust = time.Now().Add(s.trial)
	return s.rewrite(ctx)
}

// rewrite writes what is kept.
func (s *stream) rewrite(ctx context.Context) error {
	err := s.keep.rewrite(func(b []byte, records int) error {
		err := s.peer.write(ctx, b)
		if err == nil {
			s.counts.resent.Add(uint64(records))
		}
		return err
	})
	if err != nil {
		s.end(ctx, err)
	}
	return err
}

// end closes the connection because of err, which says nothing about it if the caller's time was over.
func (s *stream) end(ctx context.Context, err error) {
	hurried := over(ctx) && s.peer.alive()
	s.peer.close()
	s.drop(err, hurried)
}

// drop forgets the connection, which has ended because of err, and notes what must be written again after it.
func (s *stream) drop(err error, hurried bool) {
	p, accused := s.peer, s.accused
	s.peer, s.broken, s.accused = nil, err, false
	if p.ended.Load() {
		return
	}
	s.keep.again(p.at.Add(-s.resend))
	if hurried {
		return
	}
	if accused {
		s.giveUp(err)
	}
	if p.at.Sub(p.since) >= s.trial {
		s.brief, s.failed, s.retry = 0, 0, time.Time{}
		return
	}
	s.brief++
	s.pause()
}

// giveUp forgets what no connection survives.
func (s *stream) giveUp(err error) {
	records, bytes := s.keep.waiting()
	s.keep.forget()
	s.counts.givenUp.Add(records)
	s.tell(fmt.Errorf("cefsink: %d records (%d bytes) are given up, since no connection survives them: %w", records, bytes, err))
}

// pause puts the next attempt off.
func (s *stream) pause() {
	s.retry = time.Now().Add(min(maxPause, minPause<<min(s.failed, 10)))
	s.failed++
}

// mend makes a connection where something kept must be written again. It returns when it must be called again, 0 for never.
func (s *stream) mend(ctx context.Context) time.Duration {
	if s.alive() && s.brief == 0 {
		return 0
	}
	if records, _ := s.keep.waiting(); records == 0 {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		return max(time.Until(s.retry), minPause)
	}
	return 0
}
