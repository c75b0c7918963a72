package metlog

import (
	"sync/atomic"
	"time"
)

// A clock tells the time by the monotonic clock, which is quick to read, and looks at the wall's once a second, so that
// it follows when that is set.
type clock struct {
	epoch  time.Time
	offset atomic.Int64 // what the wall's clock said at the epoch, in nanoseconds since 1970
	read   atomic.Int64 // when that was found out, in nanoseconds since the epoch
}

func (k *clock) start() {
	k.epoch = time.Now()
	k.offset.Store(k.epoch.UnixNano())
}

// mono returns the time since the epoch.
func (k *clock) mono() time.Duration { return time.Since(k.epoch) }

// at returns what the wall's clock says at a time since the epoch, which is about now.
func (k *clock) at(mono time.Duration) time.Time {
	if read := k.read.Load(); int64(mono)-read > int64(time.Second) && k.read.CompareAndSwap(read, int64(mono)) {
		now := time.Now()
		k.offset.Store(now.UnixNano() - int64(now.Sub(k.epoch)))
	}
	return time.Unix(0, k.offset.Load()+int64(mono))
}

func (k *clock) now() time.Time { return k.at(k.mono()) }
