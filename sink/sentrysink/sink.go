package sentrysink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/secret"
	"github.com/mozilla-services/metlog-go/sink"
)

// Options are what may be chosen about a [Sink]. The zero value of each field means its default.
//
// A message is sent to the first DSN that there is for it:
//
//  1. with ByDSN or Allow, for the one in its fields.dsn: what ByDSN has for it, or itself if its address is in Allow; if
//     neither, the message is refused;
//  2. what ByProject has for the project that its event names;
//  3. what ByLogger has for its logger;
//  4. the one that New was given; without it, the message is refused.
type Options struct {
	// ByLogger has DSNs for the messages of loggers, by their names.
	ByLogger map[string]string

	// ByProject has DSNs for the events that name a project, as those of old clients do.
	ByProject map[string]string

	// ByDSN has DSNs to send to instead of those that messages name in fields.dsn, by what these say but for their keys,
	// such as "udp://sentry.example.com:9001/7". Of any scheme but http and https they have a port.
	ByDSN map[string]string

	// Allow has the addresses, as host:port, to which messages may be sent that name them in fields.dsn.
	Allow []string

	// Fingerprint says what groups an event that is made of a message of any other type; nil leaves it to the server. It is
	// called concurrently and must not keep the message. What it panics with, Send panics with.
	Fingerprint func(*envelope.Message) []string

	// Redact has more parts of names whose values are not sent, in any case, for events of old clients and messages that are
	// no events. "password", "secret", "token", "key" and the like are always among them.
	Redact []string

	// MaxEvent is the size in bytes of the largest event, before compression. The default is 1,000,000, which Sentry takes.
	MaxEvent int

	// MaxInflated is how many bytes the payload of an old client may inflate to. The default is 4 MiB.
	MaxInflated int

	// Requests is how many are under way at once. The default is 8.
	Requests int

	// Timeout is how long one request may take, from the connection to the end of the answer. The default is 10 s.
	Timeout time.Duration

	// TLS is for servers with a certificate of one's own authority. The default is the system's.
	TLS *tls.Config
}

const (
	defaultMaxEvent    = 1_000_000
	defaultMaxInflated = 4 << 20
	defaultRequests    = 8
	defaultTimeout     = 10 * time.Second
)

// complete checks the options and puts the defaults in.
func (o *Options) complete() error {
	for _, number := range []struct {
		name    string
		value   *int
		usually int
	}{
		{"MaxEvent", &o.MaxEvent, defaultMaxEvent},
		{"MaxInflated", &o.MaxInflated, defaultMaxInflated},
		{"Requests", &o.Requests, defaultRequests},
	} {
		if *number.value < 0 {
			return fmt.Errorf("sentrysink: Options.%s is negative", number.name)
		}
		if *number.value == 0 {
			*number.value = number.usually
		}
	}
	switch {
	case slices.Contains(o.Redact, ""):
		return errors.New("sentrysink: Options.Redact has an empty part, which every name has")
	case o.Timeout < 0:
		return errors.New("sentrysink: Options.Timeout is negative")
	case o.Timeout == 0:
		o.Timeout = defaultTimeout
	}
	return nil
}

// A Sink sends to Sentry. It is a [sink.Sink] and keeps an account: Done is events that a server acknowledged. All its
// methods may be called concurrently.
type Sink struct {
	name     string
	counters sink.Counters
	options  Options
	hide     secret.Names
	targets  targets
	client   *http.Client
	limits   limits
	slots    chan struct{} // holds a token for each request
	memory   sync.Pool     // of *scratch

	compressors compressors

	mu     sync.Mutex
	closed bool
	sends  sync.WaitGroup
	life   context.Context // ends with Close
	die    context.CancelFunc
}

// New returns a sink for the project that dsn names, https://KEY@HOST/PROJECT. It may be "" if options name others; what is
// for none of them is refused then. Nothing is looked up or connected before the first Send.
func New(dsn string, o *Options) (*Sink, error) {
	s := &Sink{name: "sentry"}
	if o != nil {
		s.options = *o
	}
	if err := errors.Join(s.options.complete(), s.targets.open(dsn, &s.options)); err != nil {
		return nil, err
	}
	if s.targets.one != nil {
		s.name = "sentry " + s.targets.one.name
	}
	s.hide = secret.With(s.options.Redact)
	s.client = newClient(&s.options)
	s.slots = make(chan struct{}, s.options.Requests)
	s.memory.New = func() any { return new(scratch) }
	s.life, s.die = context.WithCancel(context.Background())
	return s, nil
}

// Account returns the account of what was sent.
func (s *Sink) Account() sink.Account { return s.counters.Account(s.name) }

// Borrows reports that the sink keeps no message after Send.
func (s *Sink) Borrows() bool { return true }

// begin reports whether a Send may begin, which then ends with s.sends.Done.
func (s *Sink) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sends.Add(1)
	}
	return !s.closed
}

func (s *Sink) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// Shutdown lets the Sends that are under way finish and closes the connections. Every later Send returns [sink.ErrClosed].
// If ctx ends first, Shutdown does what Close does and returns ctx's error.
func (s *Sink) Shutdown(ctx context.Context) error {
	s.end()
	ended := make(chan struct{})
	go func() {
		s.sends.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("sentrysink: %w", ctx.Err())
	}
	return errors.Join(err, s.Close())
}

// Close ends the Sends that are under way and closes the connections. Every later Send returns [sink.ErrClosed]. Nothing is
// ever left in a Sink, so the error is nil.
func (s *Sink) Close() error {
	s.end()
	s.die()
	s.sends.Wait()
	s.client.CloseIdleConnections()
	return nil
}
