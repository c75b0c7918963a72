// Package udpsource receives envelopes as UDP datagrams, as the original clients send them: a datagram holds one envelope,
// or several, with or without a newline at the end.
//
// # What is lost, and when
//
// UDP tells a sender nothing. A datagram that arrives while the socket's receive buffer is full is dropped by the kernel;
// a source whose sink waits reads nothing and so lets that buffer fill. On Linux the kernel says how many it dropped, and
// the account has them as Dropped "overflow" (datagrams, among them the few whose checksum was wrong); elsewhere they are
// not seen. What the network drops is not seen anywhere. What was received is offered to the sink once; see
// [source.Source] for what becomes of messages that it refuses. When ctx ends, the datagrams in the socket's buffer are
// read and offered; later ones are lost.
//
// # Capacity
//
// Up to 64 datagrams are read with one system call on Linux, into memory of exactly their size; elsewhere one. The source
// holds one such batch. [Options.ReadBuffer] is what stands between a pause of the sink and a loss.
//
// # Security
//
// Anyone who can reach the port can send, under any address. New refuses an address beyond this host unless
// [Options.AllowRemote] says so. Meta.Origin is the address a datagram claims to come from, as "udp://host:port".
package udpsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/intake"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// Options are what may be chosen about a [Source]. The zero value is all defaults.
type Options struct {
	// DeadLetter gets the messages that the sink refused and what could not be decoded. The default is none: they are
	// counted as Dropped "refused" and "undecodable".
	DeadLetter sink.Sink

	// Decoder reads the datagrams. The default is an envelope.Parser with its defaults.
	Decoder source.Decoder

	// DrainTimeout bounds how long Sends may take after ctx has ended. The default is 5 s.
	DrainTimeout time.Duration

	// ReadBuffer is the size in bytes of the socket's receive buffer, as asked of the kernel. The default is 4 MiB. Linux
	// gives no more than net.core.rmem_max, which is 208 KiB unless it was raised.
	ReadBuffer int

	// MaxDatagram is the size in bytes of the largest datagram taken. A larger one is cut by the kernel and counts as
	// undecodable. The default is 65,535, more than any datagram has.
	MaxDatagram int

	// AllowRemote lets the source listen on an address that is not this host's loopback.
	AllowRemote bool
}

// maxDatagram is more than the largest UDP payload: 65,507 bytes over IPv4 and 65,527 over IPv6.
const maxDatagram = 65_535

// A Source is a UDP socket that messages come from. Its account counts envelopes and pieces that could not be decoded,
// and datagrams for Dropped "overflow". All its methods may be called concurrently.
type Source struct {
	addr    string
	options Options
	intake  intake.Intake
	started atomic.Bool

	bound chan struct{} // closed when local or failed is set
	local *net.UDPAddr
	fail  error
}

// New returns a source that will listen on addr, "host:port". An empty host is every address of this host and port 0 is
// one that is free: see [Source.Addr]. Nothing is opened before [Source.Run].
func New(addr string, o *Options) (*Source, error) {
	options := Options{}
	if o != nil {
		options = *o
	}
	if err := options.complete(); err != nil {
		return nil, err
	}
	if err := checkAddr(addr, options.AllowRemote); err != nil {
		return nil, err
	}
	s := &Source{addr: addr, options: options, bound: make(chan struct{})}
	s.intake.Name = "udp " + addr
	s.intake.Decoder = options.Decoder
	s.intake.DeadLetter = options.DeadLetter
	return s, nil
}

// complete checks the options and puts defaults where nothing was chosen.
func (o *Options) complete() error {
	switch {
	case o.DeadLetter != nil && isnil.Is(o.DeadLetter):
		return errors.New("udpsource: DeadLetter holds a nil pointer")
	case o.Decoder != nil && isnil.Is(o.Decoder):
		return errors.New("udpsource: Decoder holds a nil pointer")
	case o.DrainTimeout < 0:
		return fmt.Errorf("udpsource: DrainTimeout is negative: %v", o.DrainTimeout)
	case o.ReadBuffer < 0:
		return fmt.Errorf("udpsource: ReadBuffer is negative: %d", o.ReadBuffer)
	case o.MaxDatagram < 0 || o.MaxDatagram > maxDatagram:
		return fmt.Errorf("udpsource: MaxDatagram is not within 0 and %d: %d", maxDatagram, o.MaxDatagram)
	}
	if o.Decoder == nil {
		o.Decoder = new(envelope.Parser)
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 5 * time.Second
	}
	if o.ReadBuffer == 0 {
		o.ReadBuffer = 4 << 20
	}
	if o.MaxDatagram == 0 {
		o.MaxDatagram = maxDatagram
	}
	return nil
}

// Account returns the account of what was received.
func (s *Source) Account() sink.Account { return s.intake.Account() }

// Next returns the dead letter, when there is one.
func (s *Source) Next() []sink.Sink { return s.intake.Next() }

// Addr returns the address the source listens on. It waits until Run has opened the socket, and returns Run's error when
// it cannot.
func (s *Source) Addr(ctx context.Context) (*net.UDPAddr, error) {
	select {
	case <-s.bound:
		return s.local, s.fail
	case <-ctx.Done():
		return nil, fmt.Errorf("udpsource: %s is not open: %w", s.addr, ctx.Err())
	}
}
