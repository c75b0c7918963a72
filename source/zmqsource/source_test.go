//go:build cgo

package zmqsource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	zmq "github.com/pebbe/zmq4"
)

func TestNewRefuses(t *testing.T) {
	local := []string{"tcp://127.0.0.1:5565"}
	for _, c := range []struct {
		name      string
		endpoints []string
		options   Options
		want      string
	}{
		{"no endpoint", nil, Options{}, "no endpoint"},
		{"bad endpoint", []string{local[0], "5565"}, Options{}, `"5565"`},
		{"other machines", []string{"tcp://*:5565"}, Options{}, "AllowRemote"},
		{"nil decoder", local, Options{Decoder: (*envelope.Parser)(nil)}, "Decoder"},
		{"nil dead letter", local, Options{DeadLetter: (*keeper)(nil)}, "DeadLetter"},
		{"negative high-water mark", local, Options{HighWater: -1}, "HighWater"},
		{"negative frame", local, Options{MaxFrame: -1}, "MaxFrame"},
		{"negative drain timeout", local, Options{DrainTimeout: -1}, "DrainTimeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.endpoints, &c.options)
			if s != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "zmqsource: ") {
				t.Errorf("got %v, %v; want an error with %q", s, err, c.want)
			}
		})
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := New([]string{"one", "tcp://*:1"}, &Options{HighWater: -1})
	for _, want := range []string{`"one"`, `"tcp://*:1"`, "HighWater"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    *Options
		maxFrame int
		linger   time.Duration
	}{
		{"nil", nil, 1<<20 + 1<<10, 10 * time.Millisecond},
		{"parser's limit", &Options{Decoder: &envelope.Parser{MaxBytes: 5000}}, 5000 + 1<<10, 10 * time.Millisecond},
		{"own limit", &Options{MaxFrame: 77}, 77, 10 * time.Millisecond},
		{"no linger", &Options{Linger: -1}, 1<<20 + 1<<10, -1},
		{"SUB does not linger", &Options{Subscribe: true}, 1<<20 + 1<<10, 0},
		{"SUB that may", &Options{Subscribe: true, Linger: time.Second}, 1<<20 + 1<<10, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSource(t, []string{"tcp://127.0.0.1:*"}, c.given)
			if s.settings.MaxFrame != c.maxFrame || s.options.Linger != c.linger || s.settings.HighWater != 1000 || s.options.DrainTimeout != 5*time.Second {
				t.Errorf("got %+v, %+v", s.options, s.settings)
			}
		})
	}
}

func TestOptionsAreCopied(t *testing.T) {
	o := &Options{MaxFrame: 1000}
	s := newSource(t, []string{"tcp://127.0.0.1:*"}, o)
	o.MaxFrame, o.Decoder = 0, nil
	if s.options.MaxFrame != 1000 || s.options.Decoder == nil {
		t.Errorf("got %+v", s.options)
	}
}

func TestAllowRemote(t *testing.T) {
	newSource(t, []string{"tcp://*:5565", "tcp://[::]:5565"}, &Options{AllowRemote: true})
	newSource(t, []string{">tcp://logs.example.net:5565"}, nil) // goes out, lets nobody in
}

func TestRunRefuses(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	t.Run("nil sink", func(t *testing.T) {
		s := newSource(t, []string{ipc(t)}, nil)
		if err := s.Run(ctx, nil); err == nil {
			t.Error("no error")
		}
		if err := s.Run(ctx, (*keeper)(nil)); err == nil {
			t.Error("no error for a typed nil")
		}
	})
	t.Run("second run", func(t *testing.T) {
		s := newSource(t, []string{ipc(t)}, nil)
		if err := s.Run(ctx, &keeper{}); err != nil {
			t.Error(err)
		}
		if err := s.Run(ctx, &keeper{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("endpoint in use", func(t *testing.T) {
		first := newSource(t, []string{"tcp://127.0.0.1:*"}, nil)
		run(t, first, &keeper{})
		address := addresses(t, first)[0]
		second := newSource(t, []string{ipc(t), address}, nil)
		if err := second.Run(context.Background(), &keeper{}); err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("the error does not name %s: %v", address, err)
		}
		if got, err := second.Addresses(context.Background()); got != nil || err == nil {
			t.Errorf("addresses of a source that failed: %v, %v", got, err)
		}
	})
}

func TestAddressesBeforeRun(t *testing.T) {
	s := newSource(t, []string{"tcp://127.0.0.1:*"}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := s.Addresses(ctx); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestNext(t *testing.T) {
	dead := &keeper{}
	if got := newSource(t, []string{ipc(t)}, &Options{DeadLetter: dead}).Next(); len(got) != 1 || got[0] != sink.Sink(dead) {
		t.Errorf("got %v", got)
	}
	if got := newSource(t, []string{ipc(t)}, nil).Next(); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// Python's clients connect, Node's bind: one source takes both, on any number of endpoints.
func TestEndpointsMixed(t *testing.T) {
	for _, c := range []struct {
		name      string
		subscribe bool
	}{{"pull", false}, {"sub", true}} {
		t.Run(c.name, func(t *testing.T) {
			client := func(address string, bind bool) *zmq.Socket {
				if c.subscribe {
					return publisher(t, address, bind)
				}
				return peer(t, zmq.PUSH, address, bind)
			}
			bound := []string{ipc(t), ipc(t)}
			s := newSource(t, []string{"tcp://127.0.0.1:*", "tcp://[::1]:*", ipc(t), ">" + bound[0], ">" + bound[1]}, &Options{Subscribe: c.subscribe})
			to := &keeper{}
			end := run(t, s, to)
			attached := addresses(t, s)
			if len(attached) != 5 || strings.Contains(strings.Join(attached, " "), "*") {
				t.Fatalf("addresses %v", attached)
			}
			want := envelopes(50)
			for i, address := range attached[:3] {
				send(t, client(address, false), want[i*10:i*10+10]...)
			}
			for i, address := range bound {
				send(t, client(address, true), want[30+i*10:40+i*10]...)
			}
			eventually(t, "all messages are there", to.has(len(want)))
			end()
			same(t, to.texts(), want)
			if a := s.Account(); a.Offered != 50 || a.Done != 50 || a.Name != "zmq "+c.name+" "+s.origin {
				t.Errorf("account %+v", a)
			}
		})
	}
}

func TestMeta(t *testing.T) {
	address := ipc(t)
	s, to := newSource(t, []string{address}, nil), &keeper{}
	end := run(t, s, to)
	before := time.Now()
	send(t, peer(t, zmq.PUSH, address, false), strings.Join(envelopes(3), "\n"), envelopes(4)[3])
	eventually(t, "all messages are there", to.has(4))
	end()
	seen := make(map[envelope.ID]bool)
	for i := range to.messages {
		meta := to.messages[i].Meta()
		if meta.Origin != address || meta.Received.Before(before) || meta.Received.After(time.Now()) || seen[meta.ID] {
			t.Errorf("meta %+v", meta)
		}
		seen[meta.ID] = true
	}
}

func TestPartsAndEmptyFrames(t *testing.T) {
	address := ipc(t)
	dead := &keeper{}
	s, to := newSource(t, []string{address}, &Options{DeadLetter: dead}), &keeper{}
	end := run(t, s, to)
	client := peer(t, zmq.PUSH, address, false)
	e := envelopes(3)
	if _, err := client.SendMessage(e[0], "", "topic", e[1]); err != nil {
		t.Fatal(err)
	}
	send(t, client, "", e[2])
	eventually(t, "all messages are there", to.has(3))
	end()
	same(t, to.texts(), e)
	if a := s.Account(); a.Offered != 6 || a.Done != 3 || a.Dropped["deadletter"] != 3 {
		t.Errorf("account %+v", a)
	}
	for i := range dead.messages {
		if m := &dead.messages[i]; m.Type() != envelope.TypeUndecodable || m.Payload() != "" && m.Payload() != "topic" {
			t.Errorf("dead letter %s", m.JSON())
		}
	}
}

// Frames of very many envelopes are offered a few at a time.
func TestBatchesAreBounded(t *testing.T) {
	address := ipc(t)
	s, to := newSource(t, []string{address}, nil), &keeper{gate: make(chan struct{})}
	end := run(t, s, to)
	frame := strings.Repeat("{\"type\":\"x\"}\n", 1000)
	send(t, peer(t, zmq.PUSH, address, false), slices.Repeat([]string{frame}, 30)...)
	close(to.gate)
	eventually(t, "all messages are there", to.has(30_000))
	end()
	if to.largest > maxBatch+1000 {
		t.Errorf("a batch of %d messages", to.largest)
	}
}

// The largest frame is taken; a larger one costs its sender the connection and nobody else anything.
func TestMaxFrame(t *testing.T) {
	address := ipc(t)
	s, to := newSource(t, []string{address}, &Options{MaxFrame: 1000}), &keeper{}
	end := run(t, s, to)
	sized := func(size int) string { return fmt.Sprintf(`{"type":"x","payload":"%s"}`, strings.Repeat("p", size-25)) }
	if len(sized(1000)) != 1000 {
		t.Fatalf("%d bytes", len(sized(1000)))
	}
	bad, good := peer(t, zmq.PUSH, address, false), peer(t, zmq.PUSH, address, false)
	send(t, bad, sized(1000))
	eventually(t, "the largest frame is there", to.has(1))
	send(t, bad, sized(1001))
	send(t, good, sized(100))
	eventually(t, "the other peer's frame is there", to.has(2))
	eventually(t, "the peer comes back", func() bool {
		send(t, bad, sized(200))
		return to.has(3)()
	})
	end()
	for _, text := range to.texts() {
		if len(text) > 1000 {
			t.Errorf("a frame of %d bytes came through", len(text))
		}
	}
}

// A run ends in time although its senders never do.
func TestBusySendersEnd(t *testing.T) {
	address := ipc(t)
	s, to := newSource(t, []string{address}, &Options{DrainTimeout: 50 * time.Millisecond}), &keeper{}
	end := run(t, s, to)
	client := peer(t, zmq.PUSH, address, false)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = client.Send(`{"type":"x"}`, zmq.DONTWAIT)
			}
		}
	}()
	eventually(t, "messages come", to.has(1000))
	end()
	close(stop)
	<-stopped
	if a := s.Account(); a.Done != uint64(len(to.texts())) || a.Offered != a.Done {
		t.Errorf("account %+v, sink has %d", a, len(to.texts()))
	}
}

// What a connected peer's queue and the kernel hold when the context ends is offered.
func TestDrainsConnectedEndpoints(t *testing.T) {
	address := ipc(t)
	client := peer(t, zmq.PUSH, address, true)
	s := newSource(t, []string{">" + address}, nil)
	to := &keeper{gate: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	want := envelopes(500)
	returned := make(chan error, 1)
	go func() { returned <- s.Run(ctx, to) }()
	send(t, client, want...)
	cancel()
	close(to.gate)
	if err := <-returned; err != nil {
		t.Error(err)
	}
	same(t, to.texts(), want)
}
