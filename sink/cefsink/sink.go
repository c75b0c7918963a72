package cefsink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Sink sends to one syslog server. All its methods may be called concurrently.
type Sink struct {
	name     string
	resend   time.Duration
	counters sink.Counters
	counts   counts
	encoder  encoder
	wire     wire
	turn     chan struct{} // holds a token while someone uses encoder and wire
	closed   atomic.Bool
	life     context.Context // ends with Close
	die      context.CancelFunc
	running  sync.WaitGroup // goroutines that read
	mending  bool           // one of them makes a new connection; whoever has the turn may look
	ended    bool           // wire is closed
	endErr   error
}

// A wire hands records over. One goroutine at a time uses it.
type wire interface {
	// page returns memory for records, with room for one at least.
	page() *page

	// flush hands over that page's records and returns how many; if those are not all, it returns why.
	flush(ctx context.Context) (int, error)

	// finish waits until nothing can break any more, or ctx ends.
	finish(ctx context.Context) error

	// close gives up. It returns the records that would have been written again.
	close() (records, bytes uint64)
}

// New returns a sink for the server at address: tls://host:port, tcp://host:port, udp://host:port, unix:///path or
// unixgram:///path. Nothing is looked up or connected before the first Send. Errors name what is wrong with the address or
// the options.
func New(address string, o *Options) (*Sink, error) {
	options := Options{}
	if o != nil {
		options = *o
	}
	network, addr, host, err := parseAddress(address)
	err = errors.Join(err, options.complete(network))
	if err == nil && options.TLS != nil && network != "tls" {
		err = fmt.Errorf("Options.TLS is for tls:// only, not for %s://", network)
	}
	if err != nil {
		return nil, fmt.Errorf("cefsink: %w", err)
	}
	allowed, err := options.allowed()
	if err != nil {
		return nil, fmt.Errorf("cefsink: %w", err)
	}
	s := &Sink{name: "cef " + network + "://" + addr, resend: options.Resend, turn: make(chan struct{}, 1)}
	s.life, s.die = context.WithCancel(context.Background())
	s.encoder = encoder{
		allowed: allowed, format: options.Format, stamp: options.KeepStamp, hostless: network == "unixgram",
		maxBytes: options.MaxBytes, zone: time.Local, counts: &s.counts, tell: s.counters.Failed,
	}
	if network == "udp" || network == "unixgram" {
		s.wire = &datagram{network: network, addr: addr, life: s.life, records: newPage()}
		return s, nil
	}
	s.encoder.counted = true
	d := &dialer{network: network, addr: addr, attend: s.attend}
	if network == "tls" {
		d.network, d.tls = "tcp", configOf(&options, host)
	}
	s.wire = s.newStream(&options, d.dial)
	return s, nil
}

func (s *Sink) newStream(o *Options, dial func(context.Context) (*peer, error)) *stream {
	trial := o.Resend
	if trial < 0 {
		trial = defaultResend
	}
	return &stream{
		dial: dial, resend: o.Resend, trial: trial, pages: max(2, (o.ResendBytes-1)/pageBytes+1), room: s.encoder.longest(),
		life: s.life, counts: &s.counts, tell: s.counters.Failed,
	}
}

// parseAddress takes an address apart. host is the name that a certificate must have.
func parseAddress(address string) (network, addr, host string, err error) {
	network, addr, _ = strings.Cut(address, "://")
	switch network {
	case "unix", "unixgram":
		if !strings.HasPrefix(addr, "/") || len(addr) > 107 { // sockaddr_un has no room for more
			return "", "", "", fmt.Errorf("address %q: want %s:///path, of at most 107 bytes", address, network)
		}
		return network, addr, "", nil
	case "tls", "tcp", "udp":
	default:
		return "", "", "", fmt.Errorf("address %q: want tls://, tcp://, udp://, unix:// or unixgram://", address)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return "", "", "", fmt.Errorf("address %q: want %s://host:port", address, network)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", "", "", fmt.Errorf("address %q: port is no number from 1 to 65535", address)
	}
	return network, addr, host, nil
}

// Borrows reports that the sink keeps no message after Send: what it keeps is records.
func (s *Sink) Borrows() bool { return true }

// Account returns the account of what was sent.
func (s *Sink) Account() sink.Account { return s.counters.Account(s.name) }

// Stats returns counts of what the account has no place for.
func (s *Sink) Stats() Stats { return s.counts.stats() }

// Send writes a record for every message. It returns a [*sink.BatchError] with the messages whose payload is no event,
// whose errors are permanent, and those that were not written.
func (s *Sink) Send(ctx context.Context, batch []envelope.Message) error {
	if s.closed.Load() {
		return s.counters.Sent(len(batch), sink.ErrClosed)
	}
	if len(batch) == 0 {
		return nil
	}
	if err := s.take(ctx); err != nil {
		return s.counters.Sent(len(batch), err)
	}
	defer s.give()
	if s.closed.Load() {
		return s.counters.Sent(len(batch), sink.ErrClosed)
	}
	return s.counters.Sent(len(batch), s.send(ctx, batch))
}

// send writes page after page.
func (s *Sink) send(ctx context.Context, batch []envelope.Message) error {
	var failed []sink.Failure
	for next := 0; next < len(batch); {
		p := s.wire.page()
		next, failed = p.fill(&s.encoder, batch, next, failed)
		if len(p.records) == 0 {
			continue
		}
		first := p.records[0].index
		done, err := s.wire.flush(ctx)
		for errors.Is(err, syscall.EMSGSIZE) { // about that record alone, as long as the system's limit is what it is
			failed = append(failed, sink.Failure{Index: p.records[done].index, Err: sink.Permanent(fmt.Errorf("cefsink: %w", err))})
			p.skip(done + 1)
			done, err = s.wire.flush(ctx)
		}
		if err == nil {
			continue
		}
		err = s.broken(err)
		if done == 0 && first == 0 && len(failed) == 0 {
			p.undo()
			return err
		}
		for _, r := range p.records[done:] {
			failed = append(failed, sink.Failure{Index: r.index, Err: err})
		}
		for ; next < len(batch); next++ {
			failed = append(failed, sink.Failure{Index: next, Err: err})
		}
		p.undo()
	}
	if len(failed) == 0 {
		return nil
	}
	slices.SortFunc(failed, func(a, b sink.Failure) int { return cmp.Compare(a.Index, b.Index) })
	return &sink.BatchError{Failed: failed}
}

// broken is what Send says about err.
func (s *Sink) broken(err error) error {
	if s.life.Err() != nil {
		return sink.ErrClosed
	}
	return fmt.Errorf("cefsink: %w", err)
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
		return fmt.Errorf("cefsink: waiting for another Send: %w", ctx.Err())
	}
}

func (s *Sink) give() { <-s.turn }
