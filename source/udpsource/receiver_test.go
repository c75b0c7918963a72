package udpsource

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

type discard struct{}

func (discard) Send(context.Context, []envelope.Message) error { return nil }

// open returns a receiver that does not run and a connection to it.
func open(t *testing.T, o *Options) (*receiver, *net.UDPConn) {
	t.Helper()
	s, err := New("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	peer, err := net.DialUDP("udp", nil, conn.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return newReceiver(s, conn), peer
}

func TestOriginsAreBounded(t *testing.T) {
	r, _ := open(t, nil)
	for port := range 5 * maxOrigins {
		from := netip.AddrPortFrom(netip.MustParseAddr("::ffff:192.0.2.1"), uint16(port))
		if got, want := r.origin(from), "udp://"+netip.AddrPortFrom(from.Addr().Unmap(), uint16(port)).String(); got != want {
			t.Fatalf("origin %q, want %q", got, want)
		}
	}
	if len(r.origins) > maxOrigins {
		t.Errorf("%d peers are remembered", len(r.origins))
	}
}

func TestReadErrorEndsRun(t *testing.T) {
	r, _ := open(t, nil)
	r.conn.Close()
	if err := r.run(t.Context(), discard{}); err == nil {
		t.Error("Run on a broken socket returned nil")
	}
}

// largest keeps the size of the largest batch.
type largest int

func (l *largest) Send(_ context.Context, batch []envelope.Message) error {
	*l = max(*l, largest(len(batch)))
	return nil
}

func TestBatchesAreBounded(t *testing.T) {
	r, peer := open(t, nil)
	const datagrams, envelopes = 12, 1000
	frame := []byte(strings.Repeat(`{"type":""}`, envelopes))
	for range datagrams {
		if _, err := peer.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	var to largest
	for r.source.Account().Done < datagrams*envelopes {
		n, err := r.reader.read()
		if err != nil {
			t.Fatal(err)
		}
		r.take(t.Context(), &to, n)
	}
	if to < envelopes || to >= maxBatch+envelopes {
		t.Errorf("the largest batch has %d messages", to)
	}
}

// A feeder is a sink that sends the source two datagrams for each message it gets.
type feeder struct {
	peer *net.UDPConn
	sent int
}

func (f *feeder) Send(_ context.Context, batch []envelope.Message) error {
	for range 2 * len(batch) {
		f.sent++
		_, _ = f.peer.Write([]byte(`{"type":"x"}`))
	}
	return nil
}

// Senders that go on do not keep a source from ending.
func TestDrainIsBounded(t *testing.T) {
	r, peer := open(t, &Options{ReadBuffer: 16 << 10})
	to := &feeder{peer: peer}
	sends, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := peer.Write([]byte(`{"type":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if err := r.drain(sends, to); err != nil {
		t.Fatal(err)
	}
	if sends.Err() != nil {
		t.Errorf("only its context ended the drain, after %d datagrams", to.sent)
	}
}

func TestReceiveAllocates(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	r, peer := open(t, nil)
	frame := []byte(`{"type":"timer","timestamp":"2013-03-01T08:00:00Z","logger":"shop","severity":6,"payload":"38","fields":{"name":"shop.cart","rate":1}}`)
	const datagrams = 32
	allocs := testing.AllocsPerRun(100, func() {
		for range datagrams {
			if _, err := peer.Write(frame); err != nil {
				t.Fatal(err)
			}
		}
		for left := datagrams; left > 0; {
			if err := r.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			n, err := r.reader.read()
			if err != nil {
				t.Fatal(err)
			}
			r.take(t.Context(), discard{}, n)
			left -= n
		}
	})
	// A slab for every batch, and the peer's address as golang.org/x/net returns it: two for every datagram.
	if most := 2.0*datagrams + 4; allocs > most {
		t.Errorf("%d datagrams took %v allocations, want at most %v", datagrams, allocs, most)
	}
}
