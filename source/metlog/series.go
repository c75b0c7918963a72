package metlog

import (
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A client remembers so many names, of so many bytes. The rate of another is looked up when it is used.
const (
	maxSeries     = 10_000
	maxSeriesName = 1 << 10
)

// A share is how much of a series is sent. A nil share is nothing.
type share struct {
	rate float64
	mean float64       // scales gaps; 0: all are sent
	due  atomic.Uint64 // the number in its series of the next one that is sent

	shape atomic.Pointer[envelope.Shape] // of timers, with their name and rate; nil before it is needed
}

//nolint:gochecknoglobals // a constant
var whole = &share{rate: 1}

// shareOf returns the share of a rate, for a series of which seen have been.
func shareOf(rate float64, seen uint64) *share {
	switch {
	case rate <= 0:
		return nil
	case rate >= 1:
		return &share{rate: 1}
	}
	s := &share{rate: rate, mean: -1 / math.Log1p(-rate)}
	s.due.Store(seen + s.gap())
	return s
}

// gap draws how many further the next one is that is sent. To choose each by a draw of its own gives the same
// distribution, the geometric one, but would cost those that are not sent, nearly all of them, a random number each.
func (s *share) gap() uint64 {
	return 1 + uint64(min(rand.ExpFloat64()*s.mean, 1<<60))
}

// A series is the timers, counters and gauges of one name.
type series struct {
	client *Client
	name   string
	share  atomic.Pointer[share]
	seen   atomic.Uint64  // while the share was neither nothing nor all
	sent   atomic.Uint64  // of those
	others *atomic.Uint64 // in place of both, of a series that is not remembered; else nil
}

// next returns the share to send the next one with, or nil when it is not sent.
func (s *series) next() *share {
	share := s.share.Load()
	if share == nil || share.mean == 0 {
		return share
	}
	if n := s.seen.Add(1); n < share.due.Load() || s.loses(share, n) {
		return nil
	}
	return share
}

// loses reports whether the n-th, which may be due, is not sent: others may come here with it.
func (s *series) loses(share *share, n uint64) bool {
	if s.others != nil {
		if rand.Float64() < share.rate {
			return false
		}
		s.others.Add(1)
		return true
	}
	for due := share.due.Load(); n >= due; due = share.due.Load() {
		if share.due.CompareAndSwap(due, due+share.gap()) {
			s.sent.Add(1)
			return false
		}
	}
	return true
}

// timerShape returns the shape of this share's timers, or nil for a series that is not remembered.
func (s *series) timerShape(share *share) *envelope.Shape {
	shape := share.shape.Load()
	if shape == nil && s.others == nil {
		shape = envelope.NewShape(envelope.TypeTimer).With(slog.String("name", s.name), slog.Float64("rate", share.rate))
		share.shape.Store(shape)
	}
	return shape
}

// sampledOut returns how many were not sent.
func (s *series) sampledOut() uint64 {
	sent := s.sent.Load() // first: it is never more than was seen later
	return s.seen.Load() - sent
}

// A registry has the series of a client.
type registry struct {
	client *Client
	known  atomic.Pointer[map[string]*series] // for readers without the lock; may lack the latest
	whole  atomic.Bool                        // there are no rates

	mu       sync.Mutex
	all      map[string]*series
	misses   int
	rates    Rates
	families map[string]*Family
	others   atomic.Uint64 // sampled out of series that are not remembered
}

// of returns the series with a name.
func (r *registry) of(name string) *series {
	if known := r.known.Load(); known != nil {
		if s, ok := (*known)[name]; ok {
			return s
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.all[name]
	if !ok {
		s = &series{client: r.client, name: name}
		if len(r.all) >= maxSeries || len(name) > maxSeriesName {
			s.others = &r.others
			if share := shareOf(r.rates.of(name), 0); share != nil {
				share.due.Store(0) // each may be due, for loses to count it
				s.share.Store(share)
			}
			return s
		}
		s.name = strings.Clone(name)
		s.share.Store(shareOf(r.rates.of(name), 0))
		if r.all == nil {
			r.all = make(map[string]*series)
		}
		r.all[s.name] = s
	}
	if r.misses++; r.misses > len(r.all)/2 {
		known := maps.Clone(r.all)
		r.known.Store(&known)
		r.misses = 0
	}
	return s
}

// set gives every series its rate.
func (r *registry) set(rates Rates) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rates = rates
	r.whole.Store(len(rates.lines) == 0)
	for name, s := range r.all {
		s.share.Store(shareOf(rates.of(name), s.seen.Load()))
	}
	for prefix, f := range r.families {
		f.off.Store(rates.none(prefix))
	}
}

// sampledOut returns how many messages were not sent.
func (r *registry) sampledOut() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.others.Load()
	for _, s := range r.all {
		n += s.sampledOut()
	}
	return n
}

// SetRates changes the rates of all timers, counters and gauges. A [Timer] in use obeys when it is started next, unless
// it is one of more than 10,000, or its name is longer than 1 KiB: such a one keeps its rate.
func (c *Client) SetRates(rates Rates) { c.series.set(rates) }
