package metlog

import (
	"hash/maphash"
	"strconv"
	"sync"
	"time"
)

const (
	maxOrigins = 256                    // that are told apart
	sweepEvery = 100 * time.Millisecond // at most, when there are more
)

// An origin is what exceptions come from: those of one count as the same one again.
type origin struct {
	kind  any    // the type of an error, the severity of a line
	place uint64 // where it was caught; 0: not known
}

// A limiter passes so many exceptions of an origin a second, and as many at once. Those of origins that are too many share
// what one may send.
type limiter struct {
	perSecond int
	seed      maphash.Seed

	mu    sync.Mutex
	whole map[origin]time.Duration // since the client's epoch, when the allowance will be whole again; none has passed long ago
	rest  time.Duration            // the same, of all others
	swept time.Duration
}

func (l *limiter) open(perSecond int) {
	l.perSecond, l.seed, l.whole = perSecond, maphash.MakeSeed(), make(map[origin]time.Duration)
}

// allows reports whether an exception passes, now being the time since the client's epoch.
func (l *limiter) allows(from origin, now time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.whole[from]
	if !ok && len(l.whole) >= maxOrigins {
		l.sweep(now)
	}
	known := ok || len(l.whole) < maxOrigins
	if !known {
		at = l.rest
	}
	next := max(at, now) + time.Second/time.Duration(l.perSecond)
	if next > now+time.Second {
		return false
	}
	if known {
		l.whole[from] = next
	} else {
		l.rest = next
	}
	return true
}

// sweep forgets the origins whose allowance is whole.
func (l *limiter) sweep(now time.Duration) {
	if now < l.swept+sweepEvery {
		return
	}
	l.swept = now
	for from, at := range l.whole {
		if at <= now {
			delete(l.whole, from)
		}
	}
}

// placeOf returns what stands for the frame that a line has written first. Whoever writes it chooses its length.
func (l *limiter) placeOf(line *Line) uint64 {
	switch {
	case len(line.Frames) > 0:
		f := &line.Frames[0]
		return maphash.Comparable(l.seed, [3]string{f.Function, f.File, strconv.Itoa(f.Line)})
	case len(line.Stack) > 0:
		return uint64(line.Stack[0])
	}
	return 0
}
