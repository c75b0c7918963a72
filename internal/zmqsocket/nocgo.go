//go:build !cgo

package zmqsocket

import "time"

// Available is ErrUnavailable: this program was built without cgo.
func Available() error { return ErrUnavailable }

// A Socket cannot be had without cgo.
type Socket struct{}

// Open returns ErrUnavailable.
func Open(Settings) (*Socket, error) { return nil, ErrUnavailable }

// Attach returns ErrUnavailable.
func (*Socket) Attach(Endpoint) (string, error) { return "", ErrUnavailable }

// Unbind does nothing.
func (*Socket) Unbind() {}

// Receive returns ErrUnavailable.
func (*Socket) Receive(frames []Frame, _, _ time.Duration) ([]Frame, error) {
	return frames, ErrUnavailable
}

// Send returns ErrUnavailable.
func (*Socket) Send([]string, []int, func() error) (int, error) { return 0, ErrUnavailable }

// Wake does nothing.
func (*Socket) Wake() {}

// Close does nothing.
func (*Socket) Close(time.Duration) error { return nil }
