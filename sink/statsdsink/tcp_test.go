package statsdsink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestTCP(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, server.addr, &Options{TCP: true})
	for range 2 {
		if err := s.Send(t.Context(), counters(t, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(server.waitFor(t, 6), " "); got != "shop.c0:1|c shop.c1:1|c shop.c2:1|c shop.c0:1|c shop.c1:1|c shop.c2:1|c" {
		t.Errorf("received %q", got)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.conns) != 1 {
		t.Errorf("%d connections for two Sends", len(server.conns))
	}
}

// A server that went away and came back costs nothing: the end of the connection is seen before the next write.
func TestTCPReconnects(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, server.addr, &Options{TCP: true})
	if err := s.Send(t.Context(), counters(t, 1)); err != nil {
		t.Fatal(err)
	}
	server.waitFor(t, 1)
	server.down()
	if err := s.Send(t.Context(), counters(t, 2)); err == nil || len(failures(err, 2)) != 2 || sink.IsPermanent(err) {
		t.Errorf("Send to a server that is down returned %v", err)
	}
	server.up(t)
	if err := s.Send(t.Context(), counters(t, 3)); err != nil {
		t.Fatal(err)
	}
	server.waitFor(t, 4)
	server.down()
	server.up(t)
	if err := s.Send(t.Context(), counters(t, 1)); err != nil {
		t.Fatal(err)
	}
	server.waitFor(t, 5)
}

// stall sends more than kernels buffer to a server that reads a part of it and then nothing more. It returns when the
// server has stopped, and the Send's error when that has come.
func stall(ctx context.Context, t *testing.T) (s *Sink, batch []envelope.Message, returned chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s = newSink(t, listener.Addr().String(), &Options{TCP: true})
	returned, batch = make(chan error, 1), large(t)
	go func() { returned <- s.Send(ctx, batch) }()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.CopyN(io.Discard, conn, 1<<20); err != nil {
		t.Fatal(err)
	}
	return s, batch, returned
}

// large returns messages whose lines are more than what kernels buffer.
func large(t *testing.T) []envelope.Message {
	m := parse(t, `{"type":"counter","payload":"1","fields":{"name":"`+strings.Repeat("n", 1000)+`"}}`)
	batch := make([]envelope.Message, 14_000)
	for i := range batch {
		batch[i] = m
	}
	return batch
}

func TestTCPStalledEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, batch, returned := stall(ctx, t)
	cancel()
	err := <-returned
	failed := failures(err, len(batch))
	if len(failed) == 0 || len(failed) == len(batch) {
		t.Fatalf("%d of %d messages failed: %v", len(failed), len(batch), err)
	}
	for i, e := range sink.Failures(err, len(batch)) {
		if !errors.Is(e, context.Canceled) {
			t.Fatalf("message %d failed with %v", i, e)
		}
	}
	if last := failed[len(failed)-1]; last != len(batch)-1 || failed[0] != len(batch)-len(failed) {
		t.Errorf("failed from %d to %d, %d in all: what was written is a beginning of the batch", failed[0], last, len(failed))
	}
	if a := s.Account(); a.Refused != uint64(len(failed)) || !a.Balanced() {
		t.Errorf("account %+v", a)
	}
}

func TestTCPStalledEndsWithClose(t *testing.T) {
	s, batch, returned := stall(t.Context(), t)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	err := <-returned
	if err == nil {
		t.Error("Send returned nil after Close had ended it")
	}
	for _, e := range sink.Failures(err, len(batch)) {
		if !errors.Is(e, sink.ErrClosed) {
			t.Fatalf("a message failed with %v", e)
		}
	}
}

func TestTCPRefused(t *testing.T) {
	server := listenTCP(t)
	server.down()
	s := newSink(t, server.addr, &Options{TCP: true})
	err := s.Send(t.Context(), counters(t, 3))
	if got := failures(err, 3); fmt.Sprint(got) != "[0 1 2]" || sink.IsPermanent(err) {
		t.Errorf("failed %v: %v", got, err)
	}
}
