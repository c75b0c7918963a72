package archivesink

import (
	"fmt"
	"slices"
	"time"
)

// sealer is the goroutine that seals. It sleeps until the next segment is due; without one it never wakes.
func (s *Sink) sealer() {
	defer close(s.sealed)
	recovery := retry{at: time.Now()}
	for {
		s.recoverDue(&recovery, false)
		s.retireDue()
		s.sealWaiting(false)
		if s.usage.stale() {
			s.usage.measure(s.dir)
		}
		due, stop := alarm(s.nextDue(recovery.at))
		select {
		case <-s.wake:
		case <-due:
		case <-s.drain:
			stop()
			s.recoverDue(&recovery, true)
			s.retireAll()
			s.sealWaiting(true)
			return
		}
		stop()
	}
}

// recoverDue recovers what an earlier run left, unless that is done or not to be tried again yet.
func (s *Sink) recoverDue(r *retry, last bool) {
	if r.at.IsZero() || !last && time.Now().Before(r.at) {
		return
	}
	err := s.recover()
	if err == nil {
		*r = retry{}
		return
	}
	r.failed()
	s.failed("recover", err)
}

// retireDue takes segments out of use that are old or idle enough.
func (s *Sink) retireDue() {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.open {
		if !now.Before(s.due(g)) {
			s.retire(g)
		}
	}
}

func (s *Sink) retireAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.open {
		s.retire(g)
	}
}

// due returns when an open segment is to be sealed. The caller holds s.mu.
func (s *Sink) due(g *segment) time.Time {
	return earlier(g.created.Add(s.opts.SealAge), g.last.Add(s.opts.SealIdle))
}

// nextDue returns when there is something to do: at next or earlier.
func (s *Sink) nextDue(next time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.open {
		next = earlier(next, s.due(g))
	}
	for _, g := range s.waiting {
		next = earlier(next, g.retry.at)
	}
	return next
}

// sealWaiting seals each segment that is out of use and whose time to try again has come, once.
func (s *Sink) sealWaiting(last bool) {
	s.mu.Lock()
	waiting := slices.Clone(s.waiting)
	s.mu.Unlock()
	for _, g := range waiting {
		if s.ctx.Err() != nil {
			return
		}
		if !last && time.Now().Before(g.retry.at) {
			continue
		}
		err := s.seal(g)
		s.settle(g, err)
		if err != nil {
			g.retry.failed()
			s.failed("seal", err)
			continue
		}
		signal(s.wakeShip)
	}
	if len(waiting) > 0 {
		s.usage.measure(s.dir)
	}
}

// settle notes what became of sealing g: it is closed and gone, or nobody shall wait for it now.
func (s *Sink) settle(g *segment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !s.failing {
		close(s.stuck)
	}
	if err == nil && s.failing {
		s.stuck = make(chan struct{})
	}
	s.failing = err != nil
	if err == nil {
		s.waiting = slices.DeleteFunc(s.waiting, func(other *segment) bool { return other == g })
		_ = g.file.Close() // nothing is left to be written
		<-s.slots
	}
}

// failed records an error of the background, those too that came of giving up.
func (s *Sink) failed(doing string, err error) {
	s.count.Failed(fmt.Errorf("%s: %s: %w", s.name, doing, err))
}
