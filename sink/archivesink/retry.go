package archivesink

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A retry says when to try again what failed: after about one second at first, a minute at most. The zero retry is now.
type retry struct {
	at      time.Time
	backoff *backoff.ExponentialBackOff
}

func (r *retry) failed() {
	if r.backoff == nil {
		r.backoff = &backoff.ExponentialBackOff{
			InitialInterval: time.Second, MaxInterval: time.Minute, Multiplier: 2, RandomizationFactor: 0.2,
		}
	}
	r.at = time.Now().Add(r.backoff.NextBackOff())
}

// alarm returns a channel that fires at a time, never for the zero one, and what stops it.
func alarm(at time.Time) (fires <-chan time.Time, stop func()) {
	if at.IsZero() {
		return nil, func() {}
	}
	t := time.NewTimer(time.Until(at))
	return t.C, func() { t.Stop() }
}

// earlier returns the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
