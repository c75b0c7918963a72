package zmqsource

import (
	"testing"
	"time"
)

// paced returns how often a source would linger that receives frames every interval, from the second second on.
func paced(p *pace, interval time.Duration, frames int) (lingers, drains int) {
	start := time.Unix(0, 0)
	for at := time.Duration(0); at < 6*time.Second; at += interval {
		linger := p.next(start.Add(at), frames)
		if at < 5*time.Second {
			continue
		}
		drains++
		if linger > 0 {
			lingers++
		}
	}
	return lingers, drains
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name     string
		linger   time.Duration
		high     int
		interval time.Duration
		frames   int
		want     bool
	}{
		{"1 a second", 10 * time.Millisecond, 1000, time.Second, 1, true},
		{"10,000 a second, one by one", 10 * time.Millisecond, 1000, 100 * time.Microsecond, 1, true},
		{"10,000 a second, in lingered batches", 10 * time.Millisecond, 1000, 10 * time.Millisecond, 100, true},
		{"just under a quarter", 10 * time.Millisecond, 1000, 10 * time.Millisecond, 240, true},
		{"just over a quarter", 10 * time.Millisecond, 1000, 10 * time.Millisecond, 260, false},
		{"flat out", 10 * time.Millisecond, 1000, 256 * time.Microsecond, 256, false},
		{"flat out, short linger", 2 * time.Millisecond, 1000, 256 * time.Microsecond, 256, false},
		{"flat out, large queue", 10 * time.Millisecond, 100_000, 256 * time.Microsecond, 256, true},
		{"small queue", 10 * time.Millisecond, 10, 10 * time.Millisecond, 5, false},
		{"small queue, slow", 10 * time.Millisecond, 10, 10 * time.Millisecond, 1, true},
		{"off", 0, 1000, time.Second, 1, false},
		{"negative", -1, 1000, time.Second, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			lingers, drains := paced(&pace{linger: c.linger, highWater: c.high}, c.interval, c.frames)
			want := 0
			if c.want {
				want = drains
			}
			if lingers != want {
				t.Errorf("lingers before %d of %d drains, want %d", lingers, drains, want)
			}
		})
	}
}

// A burst ends the lingering before much of a queue has come, and a quiet while brings it back.
func TestPaceFollows(t *testing.T) {
	p := &pace{linger: 10 * time.Millisecond, highWater: 1000}
	now := time.Unix(0, 0)
	if p.next(now, 1) != p.linger {
		t.Error("does not linger after the first frame")
	}
	burst := 0
	for burst < 1_000_000 && p.next(now, 256) > 0 {
		burst += 256
		now = now.Add(time.Millisecond)
	}
	if burst > 30_000 {
		t.Errorf("lingered until %d frames of a burst had come", burst)
	}
	for range 10_000 {
		now = now.Add(256 * time.Microsecond)
		if p.next(now, 256) > 0 {
			t.Fatal("lingers flat out")
		}
	}
	quiet := now
	for p.next(now, 1) == 0 {
		now = now.Add(100 * time.Millisecond)
	}
	if d := now.Sub(quiet); d < time.Second || d > 10*time.Second {
		t.Errorf("lingers again %v after the end of a million a second", d)
	}
}
