package zmqsource

import (
	"math"
	"time"
)

// A pace decides whether to linger, from the rate at which frames come.
type pace struct {
	linger    time.Duration
	highWater int

	rate float64 // frames a second: an average whose weights fall by a factor of e each second
	last time.Time
}

// next counts frames received at now and returns how long to linger before the next are taken: linger, if so few come in
// that time that they fill less than a quarter of one peer's queue, else 0.
func (p *pace) next(now time.Time, frames int) time.Duration {
	if p.linger <= 0 {
		return 0
	}
	if !p.last.IsZero() {
		p.rate *= math.Exp(-now.Sub(p.last).Seconds())
	}
	p.last = now
	p.rate += float64(frames)
	if p.rate*p.linger.Seconds() >= float64(p.highWater)/4 {
		return 0
	}
	return p.linger
}
