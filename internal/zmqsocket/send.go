//go:build cgo

package zmqsocket

/*
#cgo noescape metlog_prepare
#cgo nocallback metlog_prepare
#cgo noescape metlog_send
#cgo nocallback metlog_send
#cgo noescape metlog_wait
#cgo nocallback metlog_wait
#include "shim.h"
*/
import "C"

import (
	"syscall"
	"unsafe"

	zmq "github.com/pebbe/zmq4"
)

// Send hands at most MaxFrames frames to libzmq, which copies them. Frame i is the texts from ends[i-1] up to ends[i], one
// a line. While libzmq takes no more it waits for room or Wake, and asks pause before each wait; an error of pause ends it.
// Send returns the number of frames handed over; when that is not all, an error says why.
func (k *Socket) Send(texts []string, ends []int, pause func() error) (sent int, err error) {
	if k.batch == nil {
		return k.sendPlain(texts, ends, pause)
	}
	b := k.batch
	at := 0
	for i, end := range ends {
		b.size[i] = C.size_t(joinedSize(texts[at:end]))
		at = end
	}
	b.count = C.int(len(ends))
	if err := fault(C.metlog_prepare(b)); err != nil {
		return 0, err
	}
	defer C.metlog_discard(b)
	at = 0
	for i, end := range ends {
		join(unsafe.Slice((*byte)(b.data[i]), int(b.size[i])), texts[at:end])
		at = end
	}
	for {
		errno := C.metlog_send(b, k.raw)
		if errno != C.int(syscall.EAGAIN) {
			return int(b.sent), fault(errno)
		}
		if err := pause(); err != nil {
			return int(b.sent), err
		}
		var woken C.int
		if err := fault(C.metlog_wait(k.raw, C.ZMQ_POLLOUT, k.rawCtl, &woken)); err != nil {
			return int(b.sent), err
		}
		if woken != 0 {
			k.woken()
		}
	}
}

func (k *Socket) sendPlain(texts []string, ends []int, pause func() error) (sent int, err error) {
	at := 0
	for i, end := range ends {
		frame := make([]byte, joinedSize(texts[at:end]))
		join(frame, texts[at:end])
		at = end
		for {
			_, err := k.data.SendBytes(frame, zmq.DONTWAIT)
			if err == nil {
				break
			}
			if !full(err) {
				return i, err
			}
			if err := pause(); err != nil {
				return i, err
			}
			if _, err := k.wait(zmq.POLLOUT, -1); err != nil {
				return i, err
			}
		}
	}
	return len(ends), nil
}

// joinedSize returns the size in bytes of texts, one a line.
func joinedSize(texts []string) int {
	size := len(texts) - 1
	for _, text := range texts {
		size += len(text)
	}
	return size
}

// join writes texts to frame, one a line.
func join(frame []byte, texts []string) {
	for i, text := range texts {
		if i > 0 {
			frame[0] = '\n'
			frame = frame[1:]
		}
		frame = frame[copy(frame, text):]
	}
}
