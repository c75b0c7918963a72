package cefsink

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// A stream writes frames to one connection at a time, and keeps what it wrote for a while.
type stream struct {
	dial   func(ctx context.Context) (*peer, error)
	resend time.Duration
	trial  time.Duration // how long a connection must live to be a good one
	pages  int           // that are kept at most
	room   int           // for the longest record
	life   context.Context
	counts *counts
	tell   func(error)

	keep    keep
	peer    *peer
	broken  error     // why there is none
	retry   time.Time // when the next may be made
	failed  int       // how many in a row came to nothing
	brief   int       // of these, how many were made and then broke
	accused bool      // what is kept was written after a connection had lived without it
}

const (
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second

	// maxBrief is how many connections in a row may break soon before one is tried without what is kept.
	maxBrief = 10

	// attemptTime bounds one attempt to make a connection.
	attemptTime = 10 * time.Second

	// endTime is how long Shutdown waits for the server to end the connection too.
	endTime = time.Second
)

func (s *stream) page() *page {
	if s.alive() {
		s.keep.expire(time.Now().Add(-s.resend))
		if s.brief == 0 && len(s.keep.pages) >= s.pages && s.keep.last().room() < s.room {
			s.keep.release(1)
		}
	}
	return s.keep.page(s.room)
}

// alive reports whether there is a connection, and lets one go that has ended.
func (s *stream) alive() bool {
	if s.peer == nil {
		return false
	}
	if s.peer.alive() {
		return true
	}
	s.drop(s.peer.why(io.EOF), false)
	return false
}

// flush writes the last page's records. After an error none of them counts as written.
func (s *stream) flush(ctx context.Context) (int, error) {
	for {
		if err := ctx.Err(); err != nil { // while the connection is whole
			return 0, err
		}
		old := s.alive()
		if err := s.ready(ctx); err != nil {
			return 0, err
		}
		p := s.keep.last()
		err := s.peer.write(ctx, p.unwritten())
		if err == nil {
			n := len(p.records)
			p.done(time.Now())
			return n, nil
		}
		s.end(ctx, err)
		if !old || s.life.Err() != nil {
			return 0, err
		}
	}
}

// ready waits until there is a connection that may be written to, and everything kept has been written to it.
func (s *stream) ready(ctx context.Context) error {
	if s.alive() && s.brief == 0 {
		return nil
	}
	ctx, cancel := until(ctx, s.life)
	defer cancel()
	if s.peer == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	for s.brief > 0 {
		if err := s.peer.wait(ctx, s.peer.trust); err != nil {
			return err
		}
		if err := s.trusted(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connect makes a connection and writes what is kept.
func (s *stream) connect(ctx context.Context) error {
	if wait := time.Until(s.retry); wait > 0 {
		return sink.RetryAfter(s.broken, wait)
	}
	attempt, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	peer, err := s.dial(attempt)
	if err != nil {
		if !over(ctx) {
			s.broken = err
			s.pause()
			return sink.RetryAfter(err, time.Until(s.retry))
		}
		return err
	}
	s.peer, peer.since = peer, time.Now()
	peer.trust = peer.since.Add(s.trial)
	if s.brief < maxBrief {
		return s.rewrite(ctx)
	}
	return nil
}

// finish ends the connection in order, and writes again what is kept if it breaks, until ctx ends.
func (s *stream) finish(ctx context.Context) error {
	for {
		if s.alive() {
			s.keep.expire(time.Now().Add(-s.resend))
		}
		if records, _ := s.keep.waiting(); s.peer == nil && records == 0 {
			return nil
		}
		if s.peer == nil {
			if err := rest(ctx, time.Until(s.retry)); err != nil {
				return err
			}
		}
		if err := s.ready(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = s.peer.raw.Close() }) // TLS would wait longer
		err := s.peer.finish()
		stop()
		switch {
		case err == nil:
			_ = s.peer.wait(ctx, time.Now().Add(endTime))
		case !errors.Is(err, errors.ErrUnsupported):
			s.end(ctx, err)
			continue
		}
		if s.peer.alive() || errors.Is(s.peer.err, io.EOF) {
			s.keep.forget()
			return ctx.Err()
		}
	}
}

// over reports whether ctx has ended, or is about to: a connection may know of its deadline before it does.
func over(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(end)
}

// rest waits for d.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close gives the connection up. It returns what must be written again and is not.
func (s *stream) close() (records, bytes uint64) {
	s.alive()
	records, bytes = s.keep.waiting()
	if s.peer != nil {
		s.peer.close()
		s.peer = nil
	}
	s.keep = keep{}
	return records, bytes
}
