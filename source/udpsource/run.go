package udpsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/intake"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
)

// ErrTruncated is why a datagram larger than Options.MaxDatagram counts as undecodable.
var ErrTruncated = errors.New("udpsource: the datagram is larger than MaxDatagram and was cut")

// ErrOverflow is the last error in the account when the kernel dropped datagrams.
var ErrOverflow = errors.New("udpsource: the kernel dropped datagrams: the receive buffer was full")

// maxBatch is how many messages are gathered before they are offered, though more datagrams were read.
const maxBatch = 4096

// Run receives until ctx ends. It returns an error when the socket cannot be opened or read. It may be called once.
func (s *Source) Run(ctx context.Context, to sink.Sink) error {
	if isnil.Is(to) {
		return errors.New("udpsource: Run: nil sink")
	}
	if s.started.Swap(true) {
		return errors.New("udpsource: Run was called before")
	}
	conn, err := s.listen(ctx)
	if err != nil {
		s.fail = err
		close(s.bound)
		if ctx.Err() != nil {
			return nil // it ended while a name was looked up
		}
		return err
	}
	defer func() { _ = conn.Close() }()
	s.local = conn.LocalAddr().(*net.UDPAddr)
	close(s.bound)
	return newReceiver(s, conn).run(ctx, to)
}

// A receiver is one running Source.
type receiver struct {
	source  *Source
	intake  *intake.Intake
	conn    *net.UDPConn
	reader  *reader
	origins map[netip.AddrPort]string
}

func newReceiver(s *Source, conn *net.UDPConn) *receiver {
	return &receiver{source: s, intake: &s.intake, conn: conn, reader: newReader(conn, s.options.MaxDatagram),
		origins: make(map[netip.AddrPort]string)}
}

func (r *receiver) run(ctx context.Context, to sink.Sink) error {
	sends, cancel := intake.Draining(ctx, r.source.options.DrainTimeout)
	defer cancel()
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = r.conn.SetReadDeadline(time.Unix(0, 0))
		close(woken)
	})
	defer stop()
	for ctx.Err() == nil {
		n, err := r.reader.read()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("udpsource: %w", err)
		}
		r.take(sends, to, n)
	}
	<-woken
	return r.drain(sends, to)
}

// drain takes what the socket's buffer held when it was called, at most: senders may go on. It does so though sends have
// ended: what nobody can take any more is counted then.
func (r *receiver) drain(sends context.Context, to sink.Sink) error {
	const overhead = 256 // what the kernel counts for a datagram besides its bytes, at least
	defer func() { r.overflow(r.reader.finalDrops()) }()
	for left := r.reader.bufferSize(); left > 0; {
		n, err := r.reader.readNow()
		if err != nil {
			return fmt.Errorf("udpsource: %w", err)
		}
		if n == 0 {
			return nil
		}
		for i := range n {
			data, _, _ := r.reader.datagram(i)
			left -= len(data) + overhead
		}
		r.take(sends, to, n)
	}
	return nil
}

// take decodes the first n datagrams that the reader holds and offers their messages.
func (r *receiver) take(sends context.Context, to sink.Sink, n int) {
	total := 0
	for i := range n {
		data, _, _ := r.reader.datagram(i)
		total += len(data)
	}
	var slab strings.Builder
	slab.Grow(total)
	meta := envelope.Meta{Received: time.Now(), ID: envelope.NewID()}
	for i := range n {
		data, from, whole := r.reader.datagram(i)
		start := slab.Len()
		slab.Write(data)
		frame := slab.String()[start:]
		meta.Origin = r.origin(from)
		if whole {
			meta.ID = r.intake.Frame(frame, total, meta)
		} else {
			r.intake.Fault(frame, meta.Origin, ErrTruncated)
		}
		if r.intake.Len() >= maxBatch {
			r.intake.Offer(sends, to)
		}
	}
	r.intake.Offer(sends, to)
	r.overflow(r.reader.drops(n))
}

func (r *receiver) overflow(datagrams int) {
	r.intake.Drop(datagrams, "overflow", ErrOverflow)
}

// maxOrigins bounds the peers whose addresses are remembered as text.
const maxOrigins = 1024

func (r *receiver) origin(from netip.AddrPort) string {
	if text, ok := r.origins[from]; ok {
		return text
	}
	if len(r.origins) >= maxOrigins {
		clear(r.origins)
	}
	text := "udp://" + netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).String()
	r.origins[from] = text
	return text
}
