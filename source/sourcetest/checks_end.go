package sourcetest

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gate returns what makes a Send wait until open is closed or its context ends.
func gate(open <-chan struct{}) func(context.Context) {
	return func(ctx context.Context) {
		select {
		case <-open:
		case <-ctx.Done():
		}
	}
}

func endsWithContext(tr *trial) {
	to := &recorder{}
	r := tr.start(to, Options{})
	if r.feed(numbered(3)...) {
		tr.until(to.has(3))
	}
	r.end()
	if !tr.until(func() bool { return !goroutinesLabelled(r.label) }) {
		tr.violated("goroutines that Run started live on after it has returned")
	}
}

// goroutinesLabelled reports whether a goroutine carries the label: goroutines inherit it from the one that starts them.
func goroutinesLabelled(label string) bool {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	return strings.Contains(profile.String(), label)
}

func endedBeforeStart(tr *trial) {
	subject, err := tr.harness.New(tr.t, Options{})
	if err != nil {
		tr.t.Fatalf("the harness made no source: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	returned := make(chan error, 1)
	go func() { returned <- subject.Source.Run(ctx, &recorder{}) }()
	select {
	case err := <-returned:
		if err != nil {
			tr.violated("Run returned %v", err)
		}
	case <-time.After(tr.patience):
		tr.violated("Run had not returned after %v", tr.patience)
	}
}

func drains(tr *trial) {
	open := make(chan struct{})
	to := &recorder{during: gate(open)}
	opened := sync.OnceFunc(func() { close(open) })
	defer opened()
	r := tr.start(to, Options{})
	e := numbered(40)
	if !r.feed(e[0]) || !tr.until(to.has(1)) || !r.feed(e[1:]...) {
		return
	}
	r.cancel()
	opened()
	r.end()
	for _, wrong := range compare(to.records(), e) {
		if !tr.harness.InFlight || !strings.Contains(wrong, "never offered") {
			tr.violated("when ctx ended: %s", wrong)
		}
	}
	for _, o := range to.records() {
		if o.dead != nil {
			tr.violated("a message was offered under a context that had ended: %v", o.dead)
			return
		}
	}
}

func drainIsBounded(tr *trial) {
	const timeout = 200 * time.Millisecond
	var lived atomic.Int64
	var cancelled time.Time
	ended := make(chan struct{})
	to := &recorder{during: func(ctx context.Context) {
		<-ended
		select {
		case <-ctx.Done():
			lived.CompareAndSwap(0, int64(time.Since(cancelled)))
		case <-time.After(tr.patience):
			tr.violated("%v after ctx had ended Send's context had not, though DrainTimeout is %v", tr.patience, timeout)
		}
	}}
	r := tr.start(to, Options{DrainTimeout: timeout})
	fed := r.feed(numbered(1)...) && tr.until(to.has(1))
	cancelled = time.Now()
	r.cancel()
	close(ended)
	r.end()
	if d := time.Duration(lived.Load()); fed && d > 0 && d < timeout/2 {
		tr.violated("Send's context ended %v after ctx, DrainTimeout is %v", d, timeout)
	}
}

// While Send blocks, backpressure feeds pressureFrames frames and allows pressureHeap bytes of them on the heap.
const (
	pressureFrames = 1024
	pressureFrame  = 48 << 10
	pressureHeap   = pressureFrames * pressureFrame / 4
)

func backpressure(tr *trial) {
	open := make(chan struct{})
	to := &recorder{during: gate(open)}
	opened := sync.OnceFunc(func() { close(open) })
	defer opened()
	r := tr.start(to, Options{})
	frame := sized(min(tr.harness.MaxFrame, pressureFrame))
	if !r.feed(frame) || !tr.until(to.has(1)) {
		tr.violated("nothing was offered")
		return
	}
	before := heap()
	var fed atomic.Int64
	var stop atomic.Bool
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range pressureFrames {
			if stop.Load() || r.subject.Feed(frame) != nil {
				return
			}
			fed.Add(1)
		}
	}()
	tr.settled(&fed, over)
	if grown := heap() - before; grown > pressureHeap {
		tr.violated("Send blocked, %d bytes came in and the heap grew by %d", fed.Load()*int64(len(frame)), grown)
	}
	stop.Store(true)
	opened()
	<-over
	r.end()
}

// settled waits until over, or until fed has not grown for a while because its feeder is held up.
func (tr *trial) settled(fed *atomic.Int64, over <-chan struct{}) {
	for last := int64(-1); fed.Load() != last; {
		last = fed.Load()
		select {
		case <-over:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
