// Package statsdsink sends timers, counters and gauges to a statsd server.
//
// A message becomes one line of statsd's protocol: its payload is the value, fields.name the metric, its type the kind.
//
//	counter  shop.hits:1|c|@0.1
//	timer    shop.views.cart:38|ms
//	gauge    shop.queue:7|g
//
// The value is the sender's decimal number as it stands. fields.rate says how the sender has sampled already; it goes on
// the wire when it is a number from 0.000001 to below 1 and is never applied a second time. A gauge's negative value is
// set, not subtracted: 0 goes before it in the same packet, since a sign means a change to statsd. A message of any other
// type, without a name or with a payload that is no finite number is refused for good, with an error that names it.
//
// # Names
//
// The prefix and the name are joined by a dot. In both, as in the first routers, "::" becomes "." and then ":", "|" and "@"
// become "_". So does everything else but ASCII letters, digits, "_", "-", ".", "/" and "%": no name can add a line, a
// field or a tag. Empty parts between dots go. A name longer than 1,024 bytes is cut.
//
// # Done
//
// Send returns nil when every line was handed to the kernel: packed into datagrams, no buffer outlives a Send. With UDP
// nothing says whether a datagram arrived. With TCP what was written when the connection broke may be lost, and a line
// that was cut in two may be read as another by a careless server; the messages that were not wholly written are an error.
//
// # Capacity and security
//
// The server's name is looked up, and a connection made, by the first Send, again after every error, and, for UDP, once a
// minute. Sends go one after another. There is neither encryption nor authentication in statsd: keep it on a network that
// you trust.
package statsdsink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Prefix says what stands before a metric's name.
type Prefix int

// The three rules that routers of these messages have had.
const (
	PrefixLogger       Prefix = iota // the envelope's logger, as Heka did
	PrefixFieldsLogger               // fields.logger, nothing without one, as the first routers did
	NoPrefix                         // nothing, as logstash-metlog did from 0.8.6 on
)

// Options are what may be chosen about a [Sink]. The zero value is all defaults.
type Options struct {
	// Prefix is the rule for what stands before names. The default is PrefixLogger.
	Prefix Prefix

	// DatagramBytes is how many bytes of lines are packed into one datagram; a single line may be longer. The default is
	// 1,432, which passes an Ethernet unfragmented. For TCP it means nothing.
	DatagramBytes int

	// TCP sends over one TCP connection instead of datagrams. A Send then waits as long as its ctx for the server to read.
	TCP bool
}

// maxDatagram is the largest UDP payload over IPv4.
const maxDatagram = 65_507

// A Sink sends to one statsd server. All its methods may be called concurrently.
type Sink struct {
	name     string
	prefix   Prefix
	counters sink.Counters
	packets  sync.Pool     // of *packet
	turn     chan struct{} // holds a token while a Send uses wire
	wire     wire
	closed   atomic.Bool
	life     context.Context // ends with Close
	die      context.CancelFunc
}

// A wire hands lines to the kernel. One goroutine at a time uses it.
type wire interface {
	// send sends the lines of p in order and returns how many were handed over. If those are not all it returns why.
	send(ctx context.Context, p *packet) (int, error)
	close()
}

// New returns a sink for the server at addr, "host:port". Nothing is looked up or connected before the first Send.
func New(addr string, o *Options) (*Sink, error) {
	options := Options{}
	if o != nil {
		options = *o
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return nil, fmt.Errorf("statsdsink: address %q: want host:port", addr)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return nil, fmt.Errorf("statsdsink: address %q: port is no number from 1 to 65535", addr)
	}
	switch {
	case options.Prefix < PrefixLogger || options.Prefix > NoPrefix:
		return nil, fmt.Errorf("statsdsink: Prefix %d is none of the rules", options.Prefix)
	case options.DatagramBytes < 0 || options.DatagramBytes > maxDatagram:
		return nil, fmt.Errorf("statsdsink: DatagramBytes is not within 0 and %d: %d", maxDatagram, options.DatagramBytes)
	case options.DatagramBytes == 0:
		options.DatagramBytes = 1432
	}
	s := &Sink{prefix: options.Prefix, turn: make(chan struct{}, 1)}
	s.life, s.die = context.WithCancel(context.Background())
	s.packets.New = func() any { return new(packet) }
	if options.TCP {
		s.name, s.wire = "statsd tcp://"+addr, &tcp{addr: addr, life: s.life}
		return s, nil
	}
	s.name = "statsd udp://" + addr
	s.wire = &udp{host: host, port: uint16(number), datagram: options.DatagramBytes, life: s.life, lookup: net.DefaultResolver.LookupNetIP}
	return s, nil
}

// Borrows reports that the sink keeps no message after Send.
func (s *Sink) Borrows() bool { return true }

// Account returns the account of what was sent.
func (s *Sink) Account() sink.Account { return s.counters.Account(s.name) }

// Send sends one line for every message, two for a negative gauge. It returns a [*sink.BatchError] with the messages that
// can never be sent, whose errors are permanent, and those that were not handed to the kernel.
func (s *Sink) Send(ctx context.Context, batch []envelope.Message) error {
	if s.closed.Load() {
		return s.counters.Sent(len(batch), sink.ErrClosed)
	}
	if len(batch) == 0 {
		return nil
	}
	p := s.packets.Get().(*packet)
	defer s.recycle(p)
	var failed []sink.Failure
	for i := range batch {
		if err := p.add(i, &batch[i], s.prefix); err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: sink.Permanent(err)})
		}
	}
	if len(p.lines) > 0 {
		sent, err := s.transmit(ctx, p)
		if sent == 0 && len(failed) == 0 {
			return s.counters.Sent(len(batch), err)
		}
		for _, l := range p.lines[sent:] {
			failed = append(failed, sink.Failure{Index: l.index, Err: err})
		}
		if err != nil {
			slices.SortFunc(failed, func(a, b sink.Failure) int { return a.Index - b.Index })
		}
	}
	if len(failed) == 0 {
		return s.counters.Sent(len(batch), nil)
	}
	return s.counters.Sent(len(batch), &sink.BatchError{Failed: failed})
}

// keptBytes is the size of the largest packet whose memory is used again.
const keptBytes = 1 << 20

func (s *Sink) recycle(p *packet) {
	if cap(p.buf) > keptBytes {
		return
	}
	p.reset()
	s.packets.Put(p)
}

// transmit waits for its turn and sends p.
func (s *Sink) transmit(ctx context.Context, p *packet) (int, error) {
	if err := s.take(ctx); err != nil {
		return 0, err
	}
	defer func() { <-s.turn }()
	if s.closed.Load() {
		return 0, sink.ErrClosed
	}
	n, err := s.wire.send(ctx, p)
	if err == nil {
		return n, nil
	}
	s.wire.close()
	if s.life.Err() != nil {
		return n, sink.ErrClosed
	}
	return n, fmt.Errorf("statsdsink: %w", err)
}

// take waits for the turn, but only when it must.
func (s *Sink) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("statsdsink: waiting for another Send: %w", ctx.Err())
	}
}

// until returns a context that ends with ctx and with life.
func until(ctx, life context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// Shutdown lets the Send that is under way finish and closes the connection. Every later Send returns [sink.ErrClosed]. If
// ctx ends first, Shutdown does what Close does and returns ctx's error.
func (s *Sink) Shutdown(ctx context.Context) error {
	s.closed.Store(true)
	err := s.take(ctx)
	if err == nil {
		<-s.turn
	}
	return errors.Join(err, s.Close())
}

// Close ends the Send that is under way and closes the connection. Every later Send returns [sink.ErrClosed]. Nothing is
// ever left in a Sink, so the error is nil.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.die()
	s.turn <- struct{}{}
	s.wire.close()
	<-s.turn
	return nil
}
