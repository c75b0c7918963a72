package sink

import (
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A Backoff says how long to wait before sending again what failed. The waits double from Min to Max; each is varied by up
// to a half, so that many senders do not come back at once, but is never shorter than Min or longer than Max.
type Backoff struct {
	Min time.Duration // default 100 ms
	Max time.Duration // default 30 s, or Min where that is longer
}

func (b *Backoff) check() error {
	if b.Min < 0 {
		return fmt.Errorf("Backoff.Min is negative: %v", b.Min)
	}
	if b.Max < 0 {
		return fmt.Errorf("Backoff.Max is negative: %v", b.Max)
	}
	if b.Min == 0 {
		b.Min = 100 * time.Millisecond
		if b.Max > 0 {
			b.Min = min(b.Min, b.Max)
		}
	}
	if b.Max == 0 {
		b.Max = max(30*time.Second, b.Min)
	}
	if b.Min > b.Max {
		return fmt.Errorf("Backoff.Min (%v) is longer than Backoff.Max (%v)", b.Min, b.Max)
	}
	return nil
}

// waits are the waits of one Backoff, in order.
type waits struct{ series backoff.ExponentialBackOff }

func (b Backoff) start() waits {
	return waits{backoff.ExponentialBackOff{InitialInterval: b.Min, MaxInterval: b.Max, Multiplier: 2, RandomizationFactor: 0.5}}
}

func (w *waits) next() time.Duration {
	return min(max(w.series.NextBackOff(), w.series.InitialInterval), w.series.MaxInterval)
}

// GiveUp says when a message is not sent again: after so many attempts, or when it failed at such an age, whichever comes
// first. At least one attempt is made. The zero value is never.
type GiveUp struct {
	Attempts int           // 0: any number
	Age      time.Duration // since Queue accepted the message, or Retry was given it; 0: any age
}

func (g GiveUp) check() error {
	if g.Attempts < 0 {
		return fmt.Errorf("GiveUp.Attempts is negative: %d", g.Attempts)
	}
	if g.Age < 0 {
		return fmt.Errorf("GiveUp.Age is negative: %v", g.Age)
	}
	return nil
}

func (g GiveUp) past(attempts int, age time.Duration) bool {
	return g.Attempts > 0 && attempts >= g.Attempts || g.Age > 0 && age >= g.Age
}
