package udpsource_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/udpsource"
)

// A collector keeps what it is sent. While gate is not nil and not closed, its Sends wait.
type collector struct {
	gate chan struct{}

	mu  sync.Mutex
	got []envelope.Message
}

func (c *collector) Send(ctx context.Context, batch []envelope.Message) error {
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, batch...)
	return nil
}

func (c *collector) messages() []envelope.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got
}

// waitFor waits for n messages.
func (c *collector) waitFor(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(c.messages()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d messages came, want %d", len(c.messages()), n)
		}
	}
}

// running starts a source and returns it with a function that ends it.
func running(t *testing.T, to sink.Sink, o *udpsource.Options) (*udpsource.Source, func()) {
	t.Helper()
	s, err := udpsource.New("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() { returned <- s.Run(ctx, to) }()
	if _, err := s.Addr(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-returned:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run did not return")
		}
		if a := s.Account(); !a.Balanced() {
			t.Errorf("the account does not balance: %+v", a)
		}
	})
	t.Cleanup(end)
	return s, end
}

func TestTruncated(t *testing.T) {
	dead, to := &collector{}, &collector{}
	s, end := running(t, to, &udpsource.Options{MaxDatagram: 40, DeadLetter: dead})
	fits := `{"type":"x","payload":"` + strings.Repeat("y", 15) + `"}`
	if len(fits) != 40 {
		t.Fatalf("the test's envelope has %d bytes", len(fits))
	}
	if err := feed(t, s, fits+"\n", fits); err != nil {
		t.Fatal(err)
	}
	to.waitFor(t, 1)
	dead.waitFor(t, 1)
	end()
	letter := &dead.messages()[0]
	if letter.Type() != envelope.TypeUndecodable || letter.Payload() != fits {
		t.Errorf("the dead letter got %s", letter.JSON())
	}
	if v, _ := letter.Field("error"); v.String() != udpsource.ErrTruncated.Error() {
		t.Errorf("the dead letter's error is %q", v.String())
	}
	if a := s.Account(); a.Offered != 2 || a.Done != 1 || !errors.Is(a.LastError, udpsource.ErrTruncated) {
		t.Errorf("account %+v", a)
	}
}

// Every datagram is in the account: what the kernel dropped while the sink was stuck, too.
func TestOverflow(t *testing.T) {
	to := &collector{gate: make(chan struct{})}
	s, end := running(t, to, &udpsource.Options{ReadBuffer: 4096})
	const sent = 2000
	frames := make([]string, sent)
	for i := range frames {
		frames[i] = fmt.Sprintf(`{"type":"timer","payload":"%d"}`, i)
	}
	if err := feed(t, s, frames...); err != nil {
		t.Fatal(err)
	}
	close(to.gate)
	end()
	a := s.Account()
	if a.Offered != sent || a.Dropped["overflow"] == 0 || a.Done != uint64(len(to.messages())) {
		t.Errorf("%d datagrams were sent and %d messages came; account %+v", sent, len(to.messages()), a)
	}
	if !errors.Is(a.LastError, udpsource.ErrOverflow) {
		t.Errorf("the last error is %v", a.LastError)
	}
}

// What overflowed is told with the next datagram, not only at the end.
func TestOverflowIsSeenEarly(t *testing.T) {
	to := &collector{gate: make(chan struct{})}
	s, _ := running(t, to, &udpsource.Options{ReadBuffer: 4096})
	if err := feed(t, s, strings.Split(strings.Repeat(`{"type":"x"} `, 500), " ")[:500]...); err != nil {
		t.Fatal(err)
	}
	close(to.gate)
	to.waitFor(t, 1)
	for end := time.Now().Add(10 * time.Second); s.Account().Dropped["overflow"] == 0; {
		if time.Now().After(end) {
			t.Fatalf("account %+v", s.Account())
		}
		if err := feed(t, s, `{"type":"x"}`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOriginAndSlab(t *testing.T) {
	to := &collector{}
	s, end := running(t, to, nil)
	addr, err := s.Addr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var origins []string
	for range 3 {
		conn, err := net.DialUDP("udp", nil, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		origins = append(origins, "udp://"+conn.LocalAddr().String())
		if _, err := conn.Write([]byte(`{"type":"x"}`)); err != nil {
			t.Fatal(err)
		}
	}
	to.waitFor(t, 3)
	end()
	for i, m := range to.messages() {
		if got := m.Meta().Origin; got != origins[i] {
			t.Errorf("message %d comes from %q, want %q", i, got, origins[i])
		}
		if m.SlabBytes() > 1024 {
			t.Errorf("a message of %d bytes keeps %d alive", len(m.JSON()), m.SlabBytes())
		}
	}
}

// What anyone may send: each datagram is a message, a counted fault or both, and the next one is read.
func TestHostileDatagrams(t *testing.T) {
	to := &collector{}
	s, end := running(t, to, nil)
	hostile := []string{
		"",
		"\n",
		"\x00",
		strings.Repeat("\xff", 65_507),
		strings.Repeat("[", 65_507),
		strings.Repeat(`{"a":`, 13_000),
		strings.Repeat("{}", 32_000),
		strings.Repeat(`{"type":""}`, 5_900),
		strings.Repeat("x\n", 32_000),
		`{"type":"../../etc/passwd","logger":"a\nb|c:1","payload":"\u0000","fields":{"name":"x:1|c\nx","rate":1e999}}`,
		`{"type":"x","type":"y"}`,
		`{"type":"x"`,
		`{"type":"` + strings.Repeat("x", 65_490) + `"}`,
	}
	for n, frame := range hostile {
		if err := feed(t, s, frame, fmt.Sprintf(`{"type":"after","payload":"%d"}`, n)); err != nil {
			t.Fatal(err)
		}
		end := time.Now().Add(10 * time.Second)
		for after := false; !after; time.Sleep(time.Millisecond) {
			got := to.messages()
			after = len(got) > 0 && got[len(got)-1].Type() == "after" && got[len(got)-1].Payload() == fmt.Sprint(n)
			if time.Now().After(end) {
				t.Fatalf("nothing came after datagram %d, %.40q", n, frame)
			}
		}
	}
	distinct := make([]string, 10_000)
	for i := range distinct {
		distinct[i] = fmt.Sprintf(`{"type":"t%d","logger":"l%d"}`, i, i)
	}
	if err := feed(t, s, distinct...); err != nil {
		t.Fatal(err)
	}
	end()
	a := s.Account()
	if a.Dropped["undecodable"] < 8 || a.Done < uint64(len(hostile)) {
		t.Errorf("account %+v", a)
	}
}

// A sink that stays stuck does not get what the socket's buffer held; that is counted none the less.
func TestWhatADrainCannotDeliverIsCounted(t *testing.T) {
	to := &collector{gate: make(chan struct{})} // never opened
	s, end := running(t, to, &udpsource.Options{DrainTimeout: 20 * time.Millisecond})
	const sent = 150
	if err := feed(t, s, slices.Repeat([]string{`{"type":"x"}`}, sent)...); err != nil {
		t.Fatal(err)
	}
	end()
	if a := s.Account(); a.Dropped["refused"]+a.Dropped["overflow"] != sent {
		t.Errorf("%d datagrams were sent; account %+v", sent, a)
	}
}
