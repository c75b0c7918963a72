package statsdsink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counters returns n counters, named c0 and so on.
func counters(t testing.TB, n int) []envelope.Message {
	t.Helper()
	var batch []envelope.Message
	for i := range n {
		batch = append(batch, parse(t, fmt.Sprintf(`{"type":"counter","logger":"shop","payload":"1","fields":{"name":"c%d"}}`, i)))
	}
	return batch
}

func newSink(t testing.TB, addr string, o *Options) *Sink {
	t.Helper()
	s, err := New(addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if a := s.Account(); !a.Balanced() {
			t.Errorf("the account does not balance: %+v", a)
		}
	})
	return s
}

// failures returns the indexes of a Send's error.
func failures(err error, n int) (indexes []int) {
	for i := range sink.Failures(err, n) {
		indexes = append(indexes, i)
	}
	return indexes
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name, addr string
		options    *Options
		want       string
	}{
		{"empty", "", nil, "host:port"},
		{"no port", "localhost", nil, "host:port"},
		{"no host", ":8125", nil, "host:port"},
		{"scheme", "udp://localhost:8125", nil, "host:port"},
		{"named port", "localhost:statsd", nil, "port"},
		{"port 0", "localhost:0", nil, "port"},
		{"large port", "localhost:65536", nil, "port"},
		{"prefix", "localhost:8125", &Options{Prefix: 3}, "Prefix"},
		{"negative prefix", "localhost:8125", &Options{Prefix: -1}, "Prefix"},
		{"negative datagram", "localhost:8125", &Options{DatagramBytes: -1}, "DatagramBytes"},
		{"large datagram", "localhost:8125", &Options{DatagramBytes: 65_508}, "DatagramBytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.addr, test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New returned %v, %v; want an error with %q", s, err, test.want)
			}
		})
	}
}

func TestAccountNamesServer(t *testing.T) {
	if a := newSink(t, "localhost:8125", nil).Account(); a.Name != "statsd udp://localhost:8125" {
		t.Errorf("name %q", a.Name)
	}
	if a := newSink(t, "[::1]:8125", &Options{TCP: true}).Account(); a.Name != "statsd tcp://[::1]:8125" {
		t.Errorf("name %q", a.Name)
	}
}

func TestBorrows(t *testing.T) {
	if !sink.Borrows(newSink(t, "localhost:8125", nil)) {
		t.Error("the sink says that it keeps messages")
	}
}

// What can never be sent does not keep the rest from being sent.
func TestSendRefusesForGood(t *testing.T) {
	server := listenUDP(t)
	s := newSink(t, server.addr(), nil)
	batch := counters(t, 5)
	batch[1] = parse(t, `{"type":"oldstyle","payload":"1"}`)
	batch[3] = parse(t, `{"type":"timer","logger":"shop","payload":"NaN","fields":{"name":"n"}}`)
	err := s.Send(t.Context(), batch)
	if got := failures(err, len(batch)); fmt.Sprint(got) != "[1 3]" {
		t.Errorf("failed %v (%v)", got, err)
	}
	for i, e := range sink.Failures(err, len(batch)) {
		if !sink.IsPermanent(e) || !strings.Contains(e.Error(), batch[i].Meta().ID.String()) {
			t.Errorf("message %d failed with %v", i, e)
		}
	}
	if got, want := server.datagram(t), "shop.c0:1|c\nshop.c2:1|c\nshop.c4:1|c"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if a := s.Account(); a.Offered != 5 || a.Done != 3 || a.Refused != 2 {
		t.Errorf("account %+v", a)
	}
}

func TestDatagrams(t *testing.T) {
	server := listenUDP(t)
	for _, test := range []struct {
		bytes int
		want  []string
	}{
		{0, []string{"shop.c0:1|c\nshop.c1:1|c\nshop.c2:1|c\nshop.c3:1|c"}},
		{47, []string{"shop.c0:1|c\nshop.c1:1|c\nshop.c2:1|c\nshop.c3:1|c"}},
		{46, []string{"shop.c0:1|c\nshop.c1:1|c\nshop.c2:1|c", "shop.c3:1|c"}},
		{23, []string{"shop.c0:1|c\nshop.c1:1|c", "shop.c2:1|c\nshop.c3:1|c"}},
		{22, []string{"shop.c0:1|c", "shop.c1:1|c", "shop.c2:1|c", "shop.c3:1|c"}},
		{1, []string{"shop.c0:1|c", "shop.c1:1|c", "shop.c2:1|c", "shop.c3:1|c"}},
	} {
		s := newSink(t, server.addr(), &Options{DatagramBytes: test.bytes})
		if err := s.Send(t.Context(), counters(t, 4)); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if got := server.datagram(t); got != want {
				t.Errorf("%d bytes: got %q, want %q", test.bytes, got, want)
			}
		}
	}
}

func TestNegativeGaugeStaysTogether(t *testing.T) {
	server := listenUDP(t)
	s := newSink(t, server.addr(), &Options{DatagramBytes: 1, Prefix: NoPrefix})
	batch := []envelope.Message{
		parse(t, `{"type":"gauge","payload":"-1","fields":{"name":"a"}}`),
		parse(t, `{"type":"gauge","payload":"-2","fields":{"name":"b"}}`),
	}
	if err := s.Send(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a:0|g\na:-1|g", "b:0|g\nb:-2|g"} {
		if got := server.datagram(t); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestClosed(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		s, err := New("127.0.0.1:8125", &Options{TCP: tcp})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := errors.Join(s.Shutdown(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		}
		if err := s.Send(t.Context(), counters(t, 2)); !errors.Is(err, sink.ErrClosed) {
			t.Errorf("Send after Close returned %v", err)
		}
		if a := s.Account(); a.Refused != 2 || !a.Balanced() {
			t.Errorf("account %+v", a)
		}
	}
}

// A name that does not resolve yet is Send's error; once it does, the next Send works.
func TestLookup(t *testing.T) {
	server := listenUDP(t)
	s := newSink(t, server.addr(), nil)
	u := s.wire.(*udp)
	u.host = "statsd.test"
	unknown := &net.DNSError{Err: "no such host", Name: u.host, IsNotFound: true}
	lookups, bounded := 0, false
	answer := func() ([]netip.Addr, error) { return nil, unknown }
	u.lookup = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		lookups++
		_, bounded = ctx.Deadline()
		return answer()
	}
	if err := s.Send(t.Context(), counters(t, 2)); !errors.Is(err, unknown) || len(failures(err, 2)) != 2 || sink.IsPermanent(err) {
		t.Errorf("Send to an unknown host returned %v", err)
	}
	answer = func() ([]netip.Addr, error) { return nil, nil }
	if err := s.Send(t.Context(), counters(t, 1)); err == nil {
		t.Error("Send to a host without an address succeeded")
	}
	answer = func() ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	send := func() {
		t.Helper()
		if err := s.Send(t.Context(), counters(t, 1)); err != nil {
			t.Fatal(err)
		}
		server.datagram(t)
	}
	send()
	send()
	if lookups != 3 {
		t.Errorf("%d lookups; a known address is used for a while", lookups)
	}
	u.since = time.Now().Add(-2 * lookupEvery)
	answer = func() ([]netip.Addr, error) { return nil, unknown }
	send() // the old address is better than none
	if !bounded {
		t.Error("a lookup that hangs would hold up a Send that has an address")
	}
	u.since = time.Now().Add(-2 * lookupEvery)
	moved := listenUDP(t)
	u.port = moved.port()
	answer = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil }
	server = moved
	send()
	if lookups != 5 {
		t.Errorf("%d lookups, want 5", lookups)
	}
}

// A Send that waits for a lookup ends with its ctx and with the sink, and so does one that waits for that Send.
func TestWaitEnds(t *testing.T) {
	started := make(chan struct{}, 1)
	hang := func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := newSink(t, "statsd.test:8125", nil)
	s.wire.(*udp).lookup = hang
	ctx, cancel := context.WithCancel(t.Context())
	first, second, third := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	batch := counters(t, 1)
	go func() { first <- s.Send(ctx, batch) }()
	<-started
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Send(ended, batch); !errors.Is(err, context.Canceled) {
		t.Errorf("a Send that waits for another returned %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("Send returned %v after its ctx had ended", err)
	}
	go func() { second <- s.Send(t.Context(), batch) }()
	<-started
	go func() { third <- s.Send(t.Context(), batch) }()
	if err := s.Shutdown(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown returned %v after its ctx had ended", err)
	}
	for _, c := range []chan error{second, third} {
		if err := <-c; !errors.Is(err, sink.ErrClosed) {
			t.Errorf("Send returned %v after Close", err)
		}
	}
}

// A brokenSender fails after some datagrams.
type brokenSender struct{ left int }

func (b *brokenSender) Send(data []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("network is unreachable")
	}
	return len(data), nil
}

func (b *brokenSender) Close() error { return nil }

// Only what was not handed over is a failure, in order with what can never be sent; the next Send makes a new socket.
func TestSendErrorNamesMessages(t *testing.T) {
	server := listenUDP(t)
	s := newSink(t, server.addr(), &Options{DatagramBytes: 23})
	u := s.wire.(*udp)
	u.sender, u.since = &brokenSender{left: 2}, time.Now()
	batch := counters(t, 9)
	batch[7] = parse(t, `{"type":"x"}`)
	err := s.Send(t.Context(), batch)
	if got := failures(err, len(batch)); fmt.Sprint(got) != "[4 5 6 7 8]" {
		t.Errorf("failed %v (%v)", got, err)
	}
	for i, e := range sink.Failures(err, len(batch)) {
		if sink.IsPermanent(e) != (i == 7) {
			t.Errorf("message %d: permanent is %v (%v)", i, sink.IsPermanent(e), e)
		}
	}
	if err := s.Send(t.Context(), counters(t, 1)); err != nil {
		t.Fatal(err)
	}
	if got := server.datagram(t); got != "shop.c0:1|c" {
		t.Errorf("sent %q", got)
	}
}
