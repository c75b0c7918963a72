package metlog

import (
	"log/slog"
	"strconv"
	"time"
)

// A Timer sends how long something took: messages of type timer, the payload of which is milliseconds with up to three
// decimals. It is a handle, to be made once and kept; any number of its runs may go on at the same time.
//
// The fields name and rate are the timer's own: attributes given to Stop or Send that have these names are left out, as
// they are by [Client.Incr], [Client.Decr] and [Client.Gauge].
type Timer series

// Timer returns the timer with a name.
func (c *Client) Timer(name string) *Timer { return (*Timer)(c.series.of(name)) }

// A Running is a timer that was started. The zero Running sends nothing.
type Running struct {
	timer *Timer // nil: off, or sampled out
	share *share
	start time.Duration // since the client's epoch
}

// Start starts the timer. Whether it will be sent is decided here, before the clock is read; a timer whose rate is 0
// costs one atomic load.
func (t *Timer) Start() Running {
	if t.share.Load() == nil {
		return Running{}
	}
	return t.begin()
}

func (t *Timer) begin() Running {
	s := (*series)(t).next()
	if s == nil {
		return Running{}
	}
	return Running{t, s, t.client.clock.mono()}
}

// Stop sends the time since Start. It may be deferred at once: defer t.Start().Stop(). Called again, it sends again.
func (r Running) Stop(attrs ...slog.Attr) {
	if r.timer != nil {
		r.stop(attrs)
	}
}

func (r Running) stop(attrs []slog.Attr) {
	end := r.timer.client.clock.mono()
	r.timer.send(r.share, end, end-r.start, attrs)
}

// Time sends how long f took, also when it panics.
func (t *Timer) Time(f func()) {
	defer t.Start().Stop()
	f()
}

// Send sends a time that was measured elsewhere and ends now. A negative one is sent as 0. The rate applies to it too.
func (t *Timer) Send(elapsed time.Duration, attrs ...slog.Attr) {
	if s := (*series)(t).next(); s != nil {
		t.send(s, t.client.clock.mono(), elapsed, attrs)
	}
}

func (t *Timer) send(s *share, end, elapsed time.Duration, attrs []slog.Attr) {
	var text [24]byte
	c := t.client
	c.measured(&c.timers, (*series)(t).timerShape(s), t.name, s.rate, end, string(appendMillis(text[:0], elapsed)), attrs)
}

// appendMillis appends d in milliseconds, rounded to microseconds. Less than nothing is nothing.
func appendMillis(b []byte, d time.Duration) []byte {
	micros := max(0, int64(d/time.Microsecond+d%time.Microsecond/(time.Microsecond/2)))
	b = strconv.AppendInt(b, micros/1000, 10)
	if rest := micros % 1000; rest > 0 {
		b = append(b, '.', '0'+byte(rest/100), '0'+byte(rest/10%10), '0'+byte(rest%10))
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}
