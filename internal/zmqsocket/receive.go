//go:build cgo

package zmqsocket

/*
#cgo noescape metlog_receive
#cgo nocallback metlog_receive
#cgo noescape metlog_take
#cgo nocallback metlog_take
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	zmq "github.com/pebbe/zmq4"
)

// Receive appends the frames that are there to frames: at most MaxFrames, and none after 256 KiB. If none is there it waits
// for the first: until wait has passed, or, if that is negative, until Wake is called. When the first has come it lingers
// before it takes it, so that more come with it. Both are cut to whole milliseconds. It may return no frames and no error.
func (k *Socket) Receive(frames []Frame, wait, linger time.Duration) ([]Frame, error) {
	if k.batch == nil {
		return k.receivePlain(frames, wait, linger)
	}
	var woken C.int
	err := fault(C.metlog_receive(k.batch, k.raw, k.rawCtl, timeout(wait), C.long(linger.Milliseconds()), &woken))
	if woken != 0 {
		k.woken()
	}
	if k.batch.count == 0 {
		return frames, err
	}
	slab := k.memory(int(k.batch.total))
	sizes := k.batch.size[:k.batch.count]
	C.metlog_take(k.batch, (*C.char)(unsafe.Pointer(unsafe.SliceData(slab))))
	all := unsafe.String(unsafe.SliceData(slab), len(slab))
	for _, size := range sizes {
		frames = append(frames, Frame{all[:size], len(slab)})
		all = all[size:]
	}
	return frames, err
}

// memory returns a slab of n bytes. One that few batches would fill is not kept.
func (k *Socket) memory(n int) []byte {
	if !k.reuse || n > 2*maxBytes {
		return make([]byte, n)
	}
	if n > cap(k.slab) {
		k.slab = make([]byte, n, n+n/4)
	}
	return k.slab[:n]
}

// timeout returns d in milliseconds, -1 for ever.
func timeout(d time.Duration) C.long {
	if d < 0 {
		return -1
	}
	return C.long(d.Milliseconds())
}

func (k *Socket) receivePlain(frames []Frame, wait, linger time.Duration) ([]Frame, error) {
	n := len(frames)
	frames, err := k.fillPlain(frames)
	if len(frames) > n || err != nil || wait == 0 {
		return frames, err
	}
	woken, err := k.wait(zmq.POLLIN, wait)
	if err == nil && !woken && linger > 0 {
		_, err = k.wait(0, linger)
	}
	if err != nil {
		return frames, err
	}
	return k.fillPlain(frames)
}

func (k *Socket) fillPlain(frames []Frame) ([]Frame, error) {
	for count, total := 0, 0; count < MaxFrames && total < maxBytes; count++ {
		frame, err := k.data.RecvBytes(zmq.DONTWAIT)
		if err != nil {
			if full(err) || count > 0 {
				err = nil
			} else {
				err = fmt.Errorf("libzmq: %w", err)
			}
			return frames, err
		}
		frames = append(frames, Frame{unsafe.String(unsafe.SliceData(frame), len(frame)), len(frame)})
		total += len(frame)
	}
	return frames, nil
}

// wait does what metlog_wait does, without the shim.
func (k *Socket) wait(events zmq.State, timeout time.Duration) (woken bool, err error) {
	poller := zmq.NewPoller()
	if events != 0 {
		poller.Add(k.data, events)
	}
	if events == 0 || timeout < 0 {
		poller.Add(k.control, zmq.POLLIN)
	}
	ready, err := poller.Poll(timeout)
	if err != nil {
		return false, fmt.Errorf("libzmq: %w", err)
	}
	for _, r := range ready {
		if r.Socket == k.control {
			k.woken()
			woken = true
		}
	}
	return woken, nil
}
