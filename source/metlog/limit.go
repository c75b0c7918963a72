package metlog

import (
	"sync"
	"sync/atomic"
	"time"
)

// A limiter passes so many exceptions of a type a second, and as many at once.
type limiter struct {
	perSecond int
	types     sync.Map // of what stands for a type to *atomic.Int64
}

// allows reports whether an exception passes, now being the time since the client's epoch. It keeps of a type only when
// its allowance will be whole again.
func (l *limiter) allows(kind any, now time.Duration) bool {
	each := time.Second / time.Duration(l.perSecond)
	whole, ok := l.types.Load(kind)
	if !ok {
		whole, _ = l.types.LoadOrStore(kind, new(atomic.Int64))
	}
	at := whole.(*atomic.Int64) //nolint:forcetypeassert // nothing else is put there
	for {
		was := at.Load()
		next := max(time.Duration(was), now) + each
		if next > now+time.Second {
			return false
		}
		if at.CompareAndSwap(was, int64(next)) {
			return true
		}
	}
}
