package sinktest

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

type shutdowner interface {
	Shutdown(context.Context) error
}

// settle ends the sink's work and compares what arrived with what was accepted: it shuts the sink down when it can be, and
// waits for what must arrive. A message that is lost breaks lost.
func (s *subject) settle(lost rule) {
	s.Helper()
	ctx, cancel := s.kit.patient()
	defer cancel()
	if err, _ := s.shutdown(ctx); err != nil {
		s.broken(ruleFlush, "Shutdown returned %v", err)
	}
	s.arrive(lost)
	s.balance()
}

// ends returns the keys of what has arrived at each end that must get every message, nil when nobody can look.
func (s *subject) ends() [][]string {
	if s.next == nil {
		if s.kit.Received == nil {
			return nil
		}
		return [][]string{s.kit.Received(s.TB)}
	}
	var ends [][]string
	for _, r := range s.next {
		ends = append(ends, r.JSON())
	}
	return ends
}

// arrive waits until everything that was accepted has arrived at every end, and reports what is lost, doubled or strange.
// A message that was also refused may arrive once more for each time.
func (s *subject) arrive(lost rule) {
	s.Helper()
	deadline := time.Now().Add(s.kit.Patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		ends := s.ends()
		missing := 0
		for _, end := range ends {
			missing += s.missing(end)
		}
		if missing == 0 || time.Now().After(deadline) {
			for _, end := range ends {
				s.compare(end, lost)
			}
			return
		}
		time.Sleep(pause)
	}
}

func count(keys []string) map[string]int {
	n := make(map[string]int, len(keys))
	for _, key := range keys {
		n[key]++
	}
	return n
}

// missing returns how many accepted messages are not among what arrived.
func (s *subject) missing(arrived []string) (missing int) {
	got := count(arrived)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, n := range s.accepted {
		if key != "" {
			missing += max(n-got[key], 0)
		}
	}
	return missing
}

func (s *subject) compare(arrived []string, lost rule) {
	s.Helper()
	got := count(arrived)
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone, twice, strange []string
	for key, n := range s.accepted {
		if key == "" {
			continue
		}
		if got[key] < n {
			gone = append(gone, key)
		}
		if got[key] > n+s.refused[key] {
			twice = append(twice, key)
		}
	}
	for key, n := range got {
		if s.accepted[key] == 0 && s.refused[key] > 0 && n > s.refused[key] {
			twice = append(twice, key)
		}
		if !s.kit.keys[key] {
			strange = append(strange, key)
		}
	}
	s.report(lost, "accepted and lost", gone)
	s.report(ruleOnce, "arrived more than once", twice)
	s.report(ruleTrue, "arrived and was never sent", strange)
}

func (s *subject) report(r rule, what string, keys []string) {
	s.Helper()
	if len(keys) == 0 {
		return
	}
	example := keys[0]
	if len(example) > 300 {
		example = example[:300] + "…"
	}
	s.broken(r, "%s: %d different messages, one of them: %q", what, len(keys), example)
}

// unrefused reports messages that were only ever refused, and arrived all the same.
func (s *subject) unrefused() {
	s.Helper()
	for _, end := range s.ends() {
		var arrived []string
		for _, key := range end {
			if s.refused[key] > 0 && s.accepted[key] == 0 {
				arrived = append(arrived, key)
			}
		}
		s.report(ruleRefused, "refused and arrived", arrived)
	}
}

// balance compares the sink's account with the kit's books. Nothing may be sending.
func (s *subject) balance() {
	s.Helper()
	a, ok := s.account()
	if !ok {
		return
	}
	s.mu.Lock()
	accepted, refused := uint64(s.acceptedN), uint64(s.refuseN)
	s.mu.Unlock()
	if !a.Balanced() {
		s.broken(ruleBalance, "the account is %+v", a)
	}
	if a.Offered != accepted+refused || a.Refused != refused {
		s.broken(ruleCounted, "%d messages were sent, %d of them refused; the account is %+v", accepted+refused, refused, a)
	}
}

func (s *subject) account() (sink.Account, bool) {
	accounter, ok := s.sink.(sink.Accounter)
	if !ok {
		return sink.Account{}, false
	}
	return accounter.Account(), true
}

// close closes the sink, and returns its error. It reports whether the sink can be closed.
func (s *subject) close() (err error, can bool) {
	s.Helper()
	c, can := s.sink.(io.Closer)
	if can {
		s.ended = true
		s.within(ruleClose, "Close", func() { err = c.Close() })
	}
	return err, can
}

// shutdown shuts the sink down under ctx, and returns its error. It reports whether the sink can be shut down.
func (s *subject) shutdown(ctx context.Context) (err error, can bool) {
	s.Helper()
	d, can := s.sink.(shutdowner)
	if can {
		s.ended = true
		s.within(ruleDeadline, "Shutdown", func() { err = d.Shutdown(ctx) })
	}
	return err, can
}

// expectClosed sends a message and reports everything but ErrClosed.
func (s *subject) expectClosed(after string) {
	s.Helper()
	ctx, cancel := s.kit.patient()
	defer cancel()
	var err error
	batch := s.messages(1)
	s.within(ruleClosed, "Send after "+after, func() { err = s.sink.Send(ctx, batch) })
	if !errors.Is(s.only(err), sink.ErrClosed) {
		s.broken(ruleClosed, "Send after %s returned %v", after, err)
	}
}

// only returns what a Send of one message says about it.
func (s *subject) only(err error) error { return failures(s.wellFormed(err, 1), 1)[0] }

// quote returns keys for a failure's text.
func quote(keys []string) string { return strings.Join(keys, "\n\t") }
