package zmqsink

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mozilla-services/metlog-go/internal/zmqsocket"
	"github.com/mozilla-services/metlog-go/sink"
)

// Options are what a Sink can be told. The zero value of each field means its default.
type Options struct {
	// FrameBytes is how many bytes of envelopes, one a line, share a frame. By default each envelope is a frame of its own.
	// An envelope that is larger still goes alone.
	FrameBytes int

	// MaxFrame is the size in bytes of the largest frame; it should be no more than the peer allows. A larger message is
	// refused as permanent. The default is 1 MiB.
	MaxFrame int

	// HighWater is how many frames libzmq queues for each peer before Send waits, 1,000 by default.
	HighWater int

	// Linger is how long Shutdown waits for the queue to leave, 5 s by default; negative is as short as it can.
	Linger time.Duration

	// AllowRemote lets New accept an endpoint that other machines can connect to.
	AllowRemote bool
}

// A Sink sends to one ZeroMQ PUSH socket. It is a [sink.Sink] and keeps an account: Done is messages handed to libzmq. All
// methods are safe for concurrent use; Sends take turns.
type Sink struct {
	counters sink.Counters
	endpoint zmqsocket.Endpoint
	name     string
	options  Options
	plain    bool // for tests: do without the raw pointer

	closing   chan struct{} // closed by Shutdown and Close: no Send begins
	closeOnce sync.Once
	aborted   chan struct{} // closed by Close, and when Shutdown's context ends: no Send waits
	abortOnce sync.Once

	turn   chan struct{}                    // holds one token, whose owner owns what follows
	socket atomic.Pointer[zmqsocket.Socket] // any goroutine may wake it
	chunk  chunk
	ended  bool
	endErr error
}

const (
	defaultHighWater = 1000
	defaultMaxFrame  = 1 << 20
	defaultLinger    = 5 * time.Second
)

// New returns a sink that connects to endpoint, or binds it if it has an "@" before it: tcp://host:port or ipc://path. nil
// options mean defaults. Nothing is opened before the first Send, whose error says what cannot be bound; the next tries
// again. A lost connection is made again by libzmq.
//
// Errors name the endpoint or option that is wrong; without cgo there is an error that says what to install.
func New(endpoint string, o *Options) (*Sink, error) {
	s := &Sink{
		name:    "zmq push " + endpoint,
		closing: make(chan struct{}),
		aborted: make(chan struct{}),
		turn:    make(chan struct{}, 1),
	}
	if o != nil {
		s.options = *o
	}
	var parseErr error
	s.endpoint, parseErr = zmqsocket.ParseEndpoint(endpoint, false)
	if parseErr == nil && s.endpoint.Exposed() && !s.options.AllowRemote {
		parseErr = fmt.Errorf("endpoint %q: other machines could connect; set AllowRemote to let them", endpoint)
	}
	if err := errors.Join(zmqsocket.Available(), parseErr, s.options.complete()); err != nil {
		return nil, fmt.Errorf("zmqsink: %w", err)
	}
	s.turn <- struct{}{}
	return s, nil
}

// complete checks the options and puts the defaults in.
func (o *Options) complete() error {
	switch {
	case o.FrameBytes < 0:
		return errors.New("Options.FrameBytes is negative")
	case o.MaxFrame < 0:
		return errors.New("Options.MaxFrame is negative")
	case o.HighWater < 0:
		return errors.New("Options.HighWater is negative")
	}
	if o.MaxFrame == 0 {
		o.MaxFrame = defaultMaxFrame
	}
	if o.FrameBytes > o.MaxFrame {
		return errors.New("Options.FrameBytes is larger than MaxFrame")
	}
	if o.HighWater == 0 {
		o.HighWater = defaultHighWater
	}
	if o.Linger == 0 {
		o.Linger = defaultLinger
	}
	return nil
}

// Account returns the sink's account. It is safe for concurrent use and may be called after Close.
func (s *Sink) Account() sink.Account { return s.counters.Account(s.name) }

// Borrows returns true: libzmq copies every message before Send returns.
func (s *Sink) Borrows() bool { return true }
