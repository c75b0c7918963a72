// Package zmqsocket is one libzmq socket in a context of its own. One goroutine at a time owns it; any other may wake it.
//
// It moves up to 256 frames with two calls into C through a small shim (shim.h), over the socket that pebbe/zmq4 opened
// and configured. Without that socket's raw pointer it does the same frame by frame, through pebbe's own methods. All of
// metlog that needs cgo and libzmq is here; without cgo, [Open] returns [ErrUnavailable].
//
// There are no heartbeats. A socket whose queue is full reads nothing, so it misses the other's answers: both ends take a
// full queue for a dead peer and drop the connection with all it holds. Worse, libzmq 4.3.4 aborts the process when a
// heartbeat is due on a connection that broke while its queue was full (its issues 4364 and 4767). TCP's keepalive finds
// peers that are gone.
package zmqsocket

import "errors"

// ErrUnavailable is what a program built without cgo gets instead of a socket.
var ErrUnavailable = errors.New("built without cgo: ZeroMQ needs CGO_ENABLED=1, a C compiler, pkg-config and libzmq (Debian: apt-get install gcc pkg-config libzmq3-dev)")

// A Kind is the kind of a socket.
type Kind uint8

// The kinds of sockets there are.
const (
	Pull Kind = iota
	Sub       // subscribed to everything
	Push
)

// String returns the kind's name in lower case.
func (k Kind) String() string { return [...]string{Pull: "pull", Sub: "sub", Push: "push"}[k] }

// Settings are what a socket is opened with.
type Settings struct {
	Kind      Kind
	HighWater int  // frames queued per peer
	MaxFrame  int  // bytes; a peer that sends a larger frame is disconnected
	Plain     bool // leaves the raw pointer alone
	Reuse     bool // receives into the same memory again and again
}

// A Frame is one frame that was received. Its text is part of memory of Slab bytes. It never changes, but for a socket with
// Reuse, where it is good until the next Receive.
type Frame struct {
	Text string
	Slab int
}

// MaxFrames is how many frames one Receive or Send moves at most; maxBytes is where a Receive stops, and it is exceeded by
// the last frame only. The shim's arrays are made for them.
const (
	MaxFrames = 256
	maxBytes  = 256 << 10
)
