package metlog

import (
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
)

// A client remembers so many names, of so many bytes. The rate of another is looked up when it is used.
const (
	maxSeries     = 10_000
	maxSeriesName = 1 << 10
)

// A share is how much of a series is sent. A nil share is nothing.
type share struct {
	rate  float64
	limit uint64 // of a random number
}

//nolint:gochecknoglobals // a constant
var whole = &share{1, math.MaxUint64}

func shareOf(rate float64) *share {
	switch {
	case rate <= 0:
		return nil
	case rate >= 1:
		return whole
	}
	return &share{rate, uint64(rate * (1 << 63) * 2)}
}

// draw reports whether one of the series is sent.
func (s *share) draw() bool { return s.limit == math.MaxUint64 || rand.Uint64() < s.limit }

// A series is the timers, counters and gauges of one name.
type series struct {
	client *Client
	name   string
	share  atomic.Pointer[share]
	out    *atomic.Uint64 // sampled out
}

// next returns the share to send the next one with, or nil when it is not sent.
func (s *series) next() *share {
	share := s.share.Load()
	if share != nil && !share.draw() {
		s.out.Add(1)
		return nil
	}
	return share
}

// A registry has the series of a client.
type registry struct {
	client *Client
	known  atomic.Pointer[map[string]*series] // for readers without the lock; may lack the latest
	whole  atomic.Bool                        // there are no rates

	mu     sync.Mutex
	all    map[string]*series
	misses int
	rates  Rates
	others atomic.Uint64 // sampled out of series that are not remembered
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
		s = &series{client: r.client, name: name, out: &r.others}
		s.share.Store(shareOf(r.rates.of(name)))
		if len(r.all) >= maxSeries || len(name) > maxSeriesName {
			return s
		}
		s.name = strings.Clone(name)
		s.out = new(atomic.Uint64)
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
		s.share.Store(shareOf(rates.of(name)))
	}
}

// sampledOut returns how many messages were not sent.
func (r *registry) sampledOut() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.others.Load()
	for _, s := range r.all {
		n += s.out.Load()
	}
	return n
}

// SetRates changes the rates of all timers, counters and gauges. A [Timer] in use obeys when it is started next, unless
// it is one of more than 10,000, or its name is longer than 1 KiB: such a one keeps its rate.
func (c *Client) SetRates(rates Rates) { c.series.set(rates) }
