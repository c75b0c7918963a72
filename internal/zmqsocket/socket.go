//go:build cgo

package zmqsocket

/*
#cgo pkg-config: libzmq
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"syscall"
	"time"
	"unsafe"

	zmq "github.com/pebbe/zmq4"
)

// The shim and its callers agree.
var _ = [1]int{}[MaxFrames-C.METLOG_FRAMES] + [1]int{}[maxBytes-C.METLOG_BYTES]

// Available returns nil: this program was built with cgo.
func Available() error { return nil }

// A Socket is an open socket. But for Wake, its methods are for one goroutine at a time.
type Socket struct {
	context *zmq.Context
	data    *zmq.Socket
	control *zmq.Socket    // readable once Wake was called
	raw     unsafe.Pointer // data; nil: the shim is not used
	rawCtl  unsafe.Pointer // control
	batch   *C.metlog_batch
	reuse   bool
	slab    []byte // what is used again
	bound   []string

	mu    sync.Mutex
	waker *zmq.Socket // the other end of control; nil when closed
}

// Open opens a socket that is neither bound nor connected.
func Open(s Settings) (*Socket, error) {
	context, err := zmq.NewContext()
	if err != nil {
		return nil, fmt.Errorf("libzmq: %w", err)
	}
	k := &Socket{context: context, reuse: s.Reuse}
	if err := k.open(s); err != nil {
		_ = k.Close(0)
		return nil, fmt.Errorf("libzmq: %w", err)
	}
	return k, nil
}

func (k *Socket) open(s Settings) (err error) {
	kind := [...]zmq.Type{Pull: zmq.PULL, Sub: zmq.SUB, Push: zmq.PUSH}[s.Kind]
	if k.data, err = k.context.NewSocket(kind); err != nil {
		k.data = nil
		return err
	}
	if err := configure(k.data, s); err != nil {
		return err
	}
	if k.control, err = k.pair((*zmq.Socket).Bind); err != nil {
		return err
	}
	if k.waker, err = k.pair((*zmq.Socket).Connect); err != nil {
		return err
	}
	if s.Plain {
		return nil
	}
	data, ok := rawPointer(k.data, kind)
	control, okControl := rawPointer(k.control, zmq.PAIR)
	if ok && okControl {
		k.raw, k.rawCtl = data, control
		k.batch = (*C.metlog_batch)(C.calloc(1, C.sizeof_metlog_batch))
	}
	return nil
}

// pair returns one end of the control line.
func (k *Socket) pair(attach func(*zmq.Socket, string) error) (*zmq.Socket, error) {
	end, err := k.context.NewSocket(zmq.PAIR)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(end.SetLinger(0), attach(end, "inproc://control")); err != nil {
		return nil, errors.Join(err, end.Close())
	}
	return end, nil
}

func configure(data *zmq.Socket, s Settings) error {
	errs := []error{
		data.SetLinger(0), // Close sets another
		data.SetRcvhwm(s.HighWater),
		data.SetSndhwm(s.HighWater),
		data.SetMaxmsgsize(int64(s.MaxFrame)),
		data.SetHandshakeIvl(10 * time.Second),
		data.SetConnectTimeout(10 * time.Second),
		data.SetReconnectIvl(100 * time.Millisecond),
		data.SetReconnectIvlMax(2 * time.Second),
		data.SetTcpKeepalive(1),
		data.SetTcpKeepaliveIdle(10),
		data.SetTcpKeepaliveIntvl(5),
		data.SetTcpKeepaliveCnt(3),
	}
	if s.Kind == Sub {
		errs = append(errs, data.SetSubscribe(""))
	}
	return errors.Join(errs...)
}

// rawPointer returns the libzmq socket within s, which pebbe/zmq4 does not export. It fails if s is not laid out as
// expected or what it finds is no socket of that kind.
func rawPointer(s *zmq.Socket, kind zmq.Type) (unsafe.Pointer, bool) {
	field := reflect.ValueOf(s).Elem().FieldByName("soc")
	if !field.IsValid() || field.Type() != reflect.TypeFor[unsafe.Pointer]() || field.IsNil() {
		return nil, false
	}
	raw := field.UnsafePointer()
	return raw, C.metlog_type(raw) == C.int(kind)
}

// Attach binds or connects e and returns the address, which is another than e's where that has a wildcard.
func (k *Socket) Attach(e Endpoint) (string, error) {
	if err := k.data.SetIpv6(e.ipv6()); err != nil {
		return "", fmt.Errorf("%s: %w", e.Address, err)
	}
	if !e.Bind {
		if err := k.data.Connect(e.Address); err != nil {
			return "", fmt.Errorf("connect %s: %w", e.Address, err)
		}
		return e.Address, nil
	}
	if err := k.data.Bind(e.Address); err != nil {
		return "", fmt.Errorf("bind %s: %w", e.Address, err)
	}
	address, err := k.data.GetLastEndpoint()
	if err != nil {
		return "", fmt.Errorf("bind %s: %w", e.Address, err)
	}
	k.bound = append(k.bound, address)
	return address, nil
}

// Unbind stops listening on every bound endpoint. Connections stay: libzmq drops what they have queued with them.
func (k *Socket) Unbind() {
	for _, address := range k.bound {
		_ = k.data.Unbind(address)
	}
	k.bound = nil
}

// Wake ends the wait of a Receive or Send, or of the next one. It may be called at any time by any goroutine.
func (k *Socket) Wake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waker != nil {
		_, _ = k.waker.SendBytes(nil, zmq.DONTWAIT)
	}
}

// woken takes what Wake sent.
func (k *Socket) woken() {
	for {
		if _, err := k.control.RecvBytes(zmq.DONTWAIT); err != nil {
			return
		}
	}
}

// Close closes the socket and its context. It waits until what was sent has left, at most for linger; the error says so
// when that was not enough. After it, only Wake and Close may be called.
func (k *Socket) Close(linger time.Duration) error {
	k.mu.Lock()
	if k.waker != nil {
		_ = k.waker.Close()
		k.waker = nil
	}
	k.mu.Unlock()
	var errs []error
	if k.control != nil {
		errs = append(errs, k.control.Close())
		k.control = nil
	}
	linger = max(linger, 0).Truncate(time.Millisecond)
	if k.data != nil {
		errs = append(errs, k.data.SetLinger(linger), k.data.Close())
		k.data = nil
	}
	if k.batch != nil {
		C.metlog_discard(k.batch)
		C.free(unsafe.Pointer(k.batch))
		k.batch = nil
	}
	start := time.Now()
	errs = append(errs, k.context.Term())
	if linger > 0 && time.Since(start) >= linger*9/10 { // libzmq's clock ticks in ms
		errs = append(errs, fmt.Errorf("not all frames had left after %v; libzmq does not say how many", linger))
	}
	return errors.Join(errs...)
}

// fault returns the error of a shim call, nil for 0.
func fault(errno C.int) error {
	if errno == 0 {
		return nil
	}
	return fmt.Errorf("libzmq: %w", zmq.Errno(errno))
}

// full reports whether err is pebbe's way to say that there is no frame, or no room for one.
func full(err error) bool { return zmq.AsErrno(err) == zmq.Errno(syscall.EAGAIN) }
