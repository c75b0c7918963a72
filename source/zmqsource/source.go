package zmqsource

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/intake"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/internal/zmqsocket"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// Options are what a Source can be told. The zero value of each field means its default.
type Options struct {
	// Subscribe makes a SUB socket that subscribes to everything, for PUB peers. The default is PULL, for PUSH peers.
	Subscribe bool

	// Decoder reads the frames. The default is an envelope.Parser with its defaults.
	Decoder source.Decoder

	// DeadLetter gets what the sink refused, as metlog.deadletter, and what cannot be decoded, as metlog.undecodable. By
	// default both are counted and dropped.
	DeadLetter sink.Sink

	// HighWater is how many frames libzmq queues for each peer, 1,000 by default.
	HighWater int

	// MaxFrame is the size in bytes of the largest frame a peer may send; one that sends a larger is disconnected. The
	// default is 1 KiB above the MaxBytes of Decoder, if that is an envelope.Parser, else 1 MiB and 1 KiB.
	MaxFrame int

	// DrainTimeout is how long Run may go on after its context has ended, 5 s by default.
	DrainTimeout time.Duration

	// Linger is how long frames may gather before they are taken, 10 ms by default; negative is not at all. Run lingers
	// only when it had nothing to do, and only while the average rate of about a second times Linger stays under a quarter
	// of HighWater, so that no queue fills meanwhile. An average knows nothing of bursts: a PUSH peer waits for those out,
	// a PUB peer drops them, so with Subscribe the default is not at all.
	Linger time.Duration

	// AllowRemote lets New accept endpoints that other machines can connect to.
	AllowRemote bool
}

// A Source receives from one ZeroMQ socket. It is a [source.Source] and keeps an account: Offered is envelopes and
// undecodable pieces received, Done what the sink took.
type Source struct {
	kind      zmqsocket.Kind
	endpoints []zmqsocket.Endpoint
	origin    string
	options   Options
	settings  zmqsocket.Settings
	in        intake.Intake
	ran       atomic.Bool

	attached  chan struct{} // closed when addresses or fail is set
	addresses []string
	fail      error
}

const (
	defaultHighWater    = 1000
	defaultMaxBytes     = 1 << 20
	defaultDrainTimeout = 5 * time.Second
	defaultLinger       = 10 * time.Millisecond
)

// New returns a source for the endpoints, which have the form tcp://host:port or ipc://path. Each is bound, or connected
// if it has a ">" before it; the two may be mixed, and connected ones are connected again whenever the connection ends.
// nil options mean defaults. Nothing is opened before Run: what cannot be bound is Run's error.
//
// Errors name the endpoint or option that is wrong; without cgo there is an error that says what to install.
func New(endpoints []string, o *Options) (*Source, error) {
	s := &Source{kind: zmqsocket.Pull, attached: make(chan struct{})}
	if o != nil {
		s.options = *o
	}
	if s.options.Subscribe {
		s.kind = zmqsocket.Sub
	}
	err := errors.Join(zmqsocket.Available(), s.parse(endpoints), s.complete())
	if err != nil {
		return nil, fmt.Errorf("zmqsource: %w", err)
	}
	s.settings = zmqsocket.Settings{Kind: s.kind, HighWater: s.options.HighWater, MaxFrame: s.options.MaxFrame}
	s.in = intake.Intake{
		Name:       "zmq " + s.kind.String() + " " + s.origin,
		Decoder:    s.options.Decoder,
		DeadLetter: s.options.DeadLetter,
	}
	return s, nil
}

// parse reads the endpoints.
func (s *Source) parse(endpoints []string) error {
	if len(endpoints) == 0 {
		return errors.New("no endpoint")
	}
	var errs []error
	for _, text := range endpoints {
		e, err := zmqsocket.ParseEndpoint(text, true)
		if err == nil && e.Exposed() && !s.options.AllowRemote {
			err = fmt.Errorf("endpoint %q: other machines could connect; set AllowRemote to let them", text)
		}
		errs = append(errs, err)
		s.endpoints = append(s.endpoints, e)
	}
	s.origin = strings.Join(endpoints, " ")
	return errors.Join(errs...)
}

// complete checks the options and puts the defaults in.
func (s *Source) complete() error {
	o := &s.options
	switch {
	case o.Decoder == nil:
		o.Decoder = &envelope.Parser{}
	case isnil.Is(o.Decoder):
		return errors.New("Options.Decoder is a nil pointer")
	}
	switch {
	case o.DeadLetter != nil && isnil.Is(o.DeadLetter):
		return errors.New("Options.DeadLetter is a nil pointer")
	case o.HighWater < 0:
		return errors.New("Options.HighWater is negative")
	case o.MaxFrame < 0:
		return errors.New("Options.MaxFrame is negative")
	case o.DrainTimeout < 0:
		return errors.New("Options.DrainTimeout is negative")
	}
	if o.HighWater == 0 {
		o.HighWater = defaultHighWater
	}
	if o.MaxFrame == 0 {
		o.MaxFrame = defaultMaxBytes + 1<<10
		if p, ok := o.Decoder.(*envelope.Parser); ok && p.MaxBytes > 0 {
			o.MaxFrame = p.MaxBytes + 1<<10
		}
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = defaultDrainTimeout
	}
	if o.Linger == 0 && !o.Subscribe {
		o.Linger = defaultLinger
	}
	return nil
}

// Account returns the source's account. It is safe for concurrent use.
func (s *Source) Account() sink.Account { return s.in.Account() }

// Next returns the dead letter, when there is one.
func (s *Source) Next() []sink.Sink { return s.in.Next() }

// Addresses returns the addresses bound and connected, in the order of New's endpoints, each wildcard replaced by what it
// became. It waits until Run has attached all, and returns Run's error when it cannot. It is safe for concurrent use.
func (s *Source) Addresses(ctx context.Context) ([]string, error) {
	select {
	case <-s.attached:
		return s.addresses, s.fail
	case <-ctx.Done():
		return nil, fmt.Errorf("zmqsource: %s is not open: %w", s.origin, ctx.Err())
	}
}
