//go:build cgo

package zmqsink

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

func TestNewRefuses(t *testing.T) {
	const local = "tcp://127.0.0.1:5565"
	for _, c := range []struct {
		name, endpoint string
		options        Options
		want           string
	}{
		{"bad endpoint", "5565", Options{}, `"5565"`},
		{"other machines", "@tcp://*:5565", Options{}, "AllowRemote"},
		{"negative frames", local, Options{FrameBytes: -1}, "FrameBytes"},
		{"negative largest frame", local, Options{MaxFrame: -1}, "MaxFrame"},
		{"frames too large", local, Options{FrameBytes: 2 << 20}, "FrameBytes"},
		{"negative high-water mark", local, Options{HighWater: -1}, "HighWater"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.endpoint, &c.options)
			if s != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "zmqsink: ") {
				t.Errorf("got %v, %v; want an error with %q", s, err, c.want)
			}
		})
	}
}

// newSink makes a sink or ends the test.
func newSink(t testing.TB, endpoint string, o *Options) *Sink {
	t.Helper()
	s, err := New(endpoint, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// nobody returns an endpoint where nobody listens.
func nobody(t testing.TB) string { return "ipc://" + filepath.Join(t.TempDir(), "z") }

// batch returns messages with the payloads.
func batch(t testing.TB, payloads ...string) []envelope.Message {
	t.Helper()
	out := make([]envelope.Message, len(payloads))
	for i, payload := range payloads {
		m, err := envelope.Draft{Type: "x", Payload: payload}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		out[i] = m
	}
	return out
}

// failed returns the indexes that err, of a Send of n messages, names.
func failed(err error, n int) (indexes []int) {
	for i, e := range sink.Failures(err, n) {
		if e == nil {
			panic("a failure without an error")
		}
		indexes = append(indexes, i)
	}
	return indexes
}

func TestAccountAndBorrows(t *testing.T) {
	s := newSink(t, "@tcp://*:5565", &Options{AllowRemote: true})
	if a := s.Account(); a.Name != "zmq push @tcp://*:5565" || !s.Borrows() {
		t.Errorf("account %+v, borrows %v", a, s.Borrows())
	}
}

// The queue takes HighWater messages for a peer that is not there; what comes next waits, and only until ctx ends.
func TestFullQueue(t *testing.T) {
	s := newSink(t, nobody(t), &Options{HighWater: 5, Linger: -1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	messages := batch(t, strings.Split(strings.Repeat("x", 8), "")...)
	err := s.Send(ctx, messages)
	if got := failed(err, 8); !slices.Equal(got, []int{5, 6, 7}) {
		t.Errorf("failed %v", got)
	}
	for _, e := range sink.Failures(err, 8) {
		if !errors.Is(e, context.Canceled) || sink.IsPermanent(e) {
			t.Errorf("failure %v", e)
		}
	}
	deadline, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.Send(deadline, messages); len(failed(err, 8)) != 8 {
		t.Errorf("with a full queue: %v", err)
	}
	if a := s.Account(); a.Offered != 16 || a.Done != 5 || a.Refused != 11 || !a.Balanced() {
		t.Errorf("account %+v", a)
	}
}

// One that cannot be sent holds up no other, also when others cannot be sent for now.
func TestUnsendable(t *testing.T) {
	for _, c := range []struct {
		name       string
		frameBytes int
		highWater  int
		temporary  []int // indexes of messages that find the queue full
	}{
		{"one a frame", 0, 10, nil},
		{"many a frame", 1000, 10, nil},
		{"queue full", 0, 2, []int{5, 6}},
		{"queue full, many a frame", 300, 1, []int{5, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each waits
			s := newSink(t, nobody(t), &Options{MaxFrame: 1000, FrameBytes: c.frameBytes, HighWater: c.highWater, Linger: -1})
			messages := batch(t, "a", strings.Repeat("x", 1000), "b", "", strings.Repeat("x", 2000), "c", "d")
			messages[3] = envelope.Message{}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			err := s.Send(ctx, messages)
			want := slices.Sorted(slices.Values(append([]int{1, 3, 4}, c.temporary...)))
			if got := failed(err, 7); !slices.Equal(got, want) {
				t.Errorf("failed %v, want %v: %v", got, want, err)
			}
			for i, e := range sink.Failures(err, 7) {
				if permanent := !slices.Contains(c.temporary, i); sink.IsPermanent(e) != permanent {
					t.Errorf("message %d, permanent %v: %v", i, !permanent, e)
				}
			}
		})
	}
}

func TestBindFailsUntilItCan(t *testing.T) {
	squatter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "tcp://" + squatter.Addr().String()
	s := newSink(t, "@"+address, nil)
	if err := s.Send(context.Background(), batch(t, "a", "b")); err == nil || !strings.Contains(err.Error(), address) || len(failed(err, 2)) != 2 {
		t.Errorf("address in use: %v", err)
	}
	if err := squatter.Close(); err != nil {
		t.Fatal(err)
	}
	to := receive(t, ">"+address)
	if err := s.Send(context.Background(), batch(t, "c")); err != nil {
		t.Error(err)
	}
	eventually(t, "the message arrives", func() bool { return to.Len() == 1 })
	if a := s.Account(); a.Done != 1 || a.Refused != 2 {
		t.Errorf("account %+v", a)
	}
}

// A queue that outlives its peer goes to the next one.
func TestQueueOutlivesPeer(t *testing.T) {
	address := "tcp://" + freePort(t)
	s := newSink(t, address, nil)
	if err := s.Send(context.Background(), batch(t, "a", "b")); err != nil {
		t.Fatal(err)
	}
	to := receive(t, address)
	eventually(t, "what was queued arrives", func() bool { return to.Len() == 2 })
}

func TestShutdownSaysThatSomethingRemained(t *testing.T) {
	for _, c := range []struct {
		name     string
		linger   time.Duration
		deadline time.Duration
	}{
		{"at the end of Linger", 20 * time.Millisecond, time.Hour},
		{"at ctx's deadline", time.Hour, 20 * time.Millisecond},
		{"after ctx's deadline", time.Hour, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each waits
			s := newSink(t, nobody(t), &Options{Linger: c.linger})
			if err := s.Send(context.Background(), batch(t, "a")); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), c.deadline)
			defer cancel()
			err := s.Shutdown(ctx)
			if err == nil || !strings.Contains(err.Error(), "zmq push ipc://") {
				t.Errorf("nobody took the message; Shutdown returned %v", err)
			}
			if again := s.Shutdown(ctx); !errors.Is(again, err) {
				t.Errorf("again: %v", again)
			}
			if a := s.Account(); !errors.Is(a.LastError, err) {
				t.Errorf("account %+v", a)
			}
		})
	}
}

// Close says so too, also when the books' time was over before it began, and is silent when everything had left.
func TestCloseSaysThatSomethingRemained(t *testing.T) {
	s := newSink(t, nobody(t), nil)
	if err := s.Send(context.Background(), batch(t, "a")); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	err := ledger.New(s).Shutdown(over)
	if want := "zmqsink: " + s.name + ": not all frames had left after 100ms; libzmq does not say how many"; err == nil || err.Error() != want {
		t.Errorf("nobody took the message; Close returned %v, want %s", err, want)
	}

	address := "tcp://" + freePort(t)
	to := receive(t, address)
	s = newSink(t, address, nil)
	if err := s.Send(context.Background(), batch(t, "a")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message arrives", func() bool { return to.Len() == 1 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWaitingSend(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*Sink) error
	}{
		{"Close", (*Sink).Close},
		{"Shutdown whose context has ended", func(s *Sink) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return s.Shutdown(ctx)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSink(t, "@"+nobody(t), nil)
			returned := make(chan error, 2)
			for range 2 { // one waits for room, the other for its turn
				go func() { returned <- s.Send(context.Background(), batch(t, "a")) }()
			}
			eventually(t, "a Send has the turn", func() bool { return s.socket.Load() != nil })
			if err := c.end(s); err != nil {
				t.Error(err)
			}
			for range 2 {
				if err := <-returned; len(failed(err, 1)) != 1 {
					t.Errorf("a waiting Send returned %v", err)
				} else {
					for _, e := range sink.Failures(err, 1) {
						if !errors.Is(e, sink.ErrClosed) {
							t.Errorf("a waiting Send returned %v", err)
						}
					}
				}
			}
			if err := s.Send(context.Background(), batch(t, "a")); !errors.Is(err, sink.ErrClosed) {
				t.Errorf("Send afterwards: %v", err)
			}
		})
	}
}

func TestEndOfUnusedSink(t *testing.T) {
	s := newSink(t, nobody(t), nil)
	if err := errors.Join(s.Shutdown(context.Background()), s.Close()); err != nil {
		t.Error(err)
	}
}
