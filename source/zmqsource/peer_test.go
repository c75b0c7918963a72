//go:build cgo

package zmqsource

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	zmq "github.com/pebbe/zmq4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// eventually waits for ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// A keeper is a sink that keeps what it gets.
type keeper struct {
	gate chan struct{} // nil: open; else closed when it opens

	mu       sync.Mutex
	messages []envelope.Message
	largest  int // batch
}

func (k *keeper) Send(_ context.Context, batch []envelope.Message) error {
	if k.gate != nil {
		<-k.gate
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.messages = append(k.messages, batch...)
	k.largest = max(k.largest, len(batch))
	return nil
}

func (k *keeper) texts() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]string, len(k.messages))
	for i := range k.messages {
		out[i] = k.messages[i].JSON()
	}
	return out
}

func (k *keeper) has(n int) func() bool { return func() bool { return len(k.texts()) >= n } }

// newSource makes a source or ends the test.
func newSource(t testing.TB, endpoints []string, o *Options) *Source {
	t.Helper()
	s, err := New(endpoints, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs s into to and returns the function that ends it and waits for it.
func run(t testing.TB, s *Source, to sink.Sink) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan error, 1)
	go func() { returned <- s.Run(ctx, to) }()
	end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-returned:
			if err != nil {
				t.Errorf("Run returned %v", err)
			}
		case <-time.After(patience):
			t.Error("Run did not return")
		}
		if a := s.Account(); !a.Balanced() {
			t.Errorf("the account does not balance: %+v", a)
		}
	})
	t.Cleanup(end)
	addresses(t, s)
	return end
}

// addresses waits until s is attached.
func addresses(t testing.TB, s *Source) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := s.Addresses(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ipc returns the address of a local file that is not there yet.
func ipc(t testing.TB) string { return "ipc://" + filepath.Join(t.TempDir(), "z") }

// peer returns a socket in a context of its own. With bind it is bound to address, else connected.
func peer(t testing.TB, kind zmq.Type, address string, bind bool) *zmq.Socket {
	t.Helper()
	zctx, err := zmq.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	s, err := zctx.NewSocket(kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := zctx.Term(); err != nil {
			t.Error(err)
		}
	})
	attach := s.Connect
	if bind {
		attach = s.Bind
	}
	for _, err := range []error{
		s.SetLinger(0), s.SetSndtimeo(patience), s.SetRcvtimeo(patience),
		s.SetIpv6(strings.Contains(address, "[")), attach(address),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// publisher returns an XPUB socket that loses nothing and has a subscriber.
func publisher(t testing.TB, address string, bind bool) *zmq.Socket {
	t.Helper()
	p := peer(t, zmq.XPUB, address, bind)
	if err := p.SetXpubNodrop(true); err != nil {
		t.Fatal(err)
	}
	if frame, err := p.Recv(0); err != nil || frame != "\x01" {
		t.Fatalf("subscription %q, %v", frame, err)
	}
	return p
}

// send sends each frame as a message of its own.
func send(t testing.TB, s *zmq.Socket, frames ...string) {
	t.Helper()
	for _, frame := range frames {
		if _, err := s.Send(frame, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// envelopes returns n envelopes, all different.
func envelopes(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"type":"counter","payload":"%d","fields":{"name":"shop.views"},"env_version":"0.8"}`, i)
	}
	return out
}

// same reports a difference of got and want but for the order.
func same(t testing.TB, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("got %d messages:\n%.2000s\nwant %d:\n%.2000s", len(got), strings.Join(got, "\n"), len(want), strings.Join(want, "\n"))
	}
}
