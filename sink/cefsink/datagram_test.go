package cefsink

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A datagramServer receives datagrams.
type datagramServer struct {
	conn net.PacketConn

	mu      sync.Mutex
	records []string
	reading sync.WaitGroup
}

func listenDatagrams(t testing.TB, network string) *datagramServer {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unixgram" {
		addr = filepath.Join(t.TempDir(), "log")
	}
	return listenDatagramsAt(t, network, addr)
}

func listenDatagramsAt(t testing.TB, network, addr string) *datagramServer {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &datagramServer{conn: conn}
	d.reading.Go(func() {
		buffer := make([]byte, 1<<16)
		for {
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			d.mu.Lock()
			d.records = append(d.records, string(buffer[:n]))
			d.mu.Unlock()
		}
	})
	t.Cleanup(d.down)
	return d
}

func (d *datagramServer) down() {
	d.conn.Close()
	d.reading.Wait()
	if d.conn.LocalAddr().Network() == "unixgram" {
		os.Remove(d.addr())
	}
}

func (d *datagramServer) addr() string { return d.conn.LocalAddr().String() }

func (d *datagramServer) received() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.records...)
}

func TestDatagrams(t *testing.T) {
	for _, network := range []string{"udp", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			server := listenDatagrams(t, network)
			s := newSink(t, network+"://"+server.addr(), nil)
			batch := events(t, numbered("e", 3)...)
			batch = append(batch, event(t, strings.Repeat("long", 10_000)), envelope.Message{}, event(t, "last"))
			err := s.Send(t.Context(), batch)
			for i, err := range sink.Failures(err, len(batch)) {
				if i != 4 || !sink.IsPermanent(err) {
					t.Errorf("message %d: %v", i, err)
				}
			}
			eventually(t, "all datagrams", func() bool { return len(server.received()) == 5 })
			got := server.received()
			if len(got[3]) > 8192 || nameOf(got[4]) != "last" || nameOf(got[0]) != "e0" {
				t.Errorf("received %.100q", got)
			}
		})
	}
}

// A daemon that was restarted has another socket under the same name.
func TestDaemonRestarts(t *testing.T) {
	server := listenDatagrams(t, "unixgram")
	addr := server.addr()
	s := newSink(t, "unixgram://"+addr, nil)
	if err := s.Send(t.Context(), events(t, "before")); err != nil {
		t.Fatal(err)
	}
	server.down()
	err := s.Send(t.Context(), events(t, "meanwhile"))
	if err == nil || sink.IsPermanent(err) {
		t.Errorf("without a daemon Send returned %v", err)
	}
	again := listenDatagramsAt(t, "unixgram", addr)
	if err := s.Send(t.Context(), events(t, "one", "two")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both", func() bool { return len(again.received()) == 2 })
	again.down()
	third := listenDatagramsAt(t, "unixgram", addr)
	if err := s.Send(t.Context(), events(t, "three", "four")); err != nil {
		t.Errorf("after a restart between two Sends: %v", err)
	}
	eventually(t, "both", func() bool { return len(third.received()) == 2 })
}

// A record that is too large for the system's datagrams is refused for good, and holds nothing else up.
func TestDatagramTooLarge(t *testing.T) {
	server := listenDatagrams(t, "unixgram")
	s := newSink(t, "unixgram://"+server.addr(), nil)
	send(t, s, "first")
	if err := s.wire.(*datagram).conn.(*net.UnixConn).SetWriteBuffer(1); err != nil { // 4,608, says socket(7)
		t.Fatal(err)
	}
	long := strings.Repeat("long", 2000)
	batch := append(events(t, long, "second", long), withMeta(t, "none", nil), event(t, "third"), event(t, long), event(t, long))
	var failed []int
	for i, err := range sink.Failures(s.Send(t.Context(), batch), len(batch)) {
		failed = append(failed, i)
		if !sink.IsPermanent(err) {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if want := []int{0, 2, 3, 5, 6}; !slices.Equal(failed, want) {
		t.Errorf("failed: %v, want %v", failed, want)
	}
	eventually(t, "all others", func() bool { return len(server.received()) == 3 })
	if got := server.received(); nameOf(got[1]) != "second" || nameOf(got[2]) != "third" {
		t.Errorf("received %.100q", got)
	}
}

// A daemon that does not read makes Send wait, as long as its context allows.
func TestDaemonHangs(t *testing.T) {
	addr := filepath.Join(t.TempDir(), "log")
	conn, err := net.ListenPacket("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := newSink(t, "unixgram://"+addr, nil)
	sent, batch := 0, events(t, numbered("e", 64)...)
	for err == nil {
		err = s.Send(brief(t), batch)
		failed := slices.Collect(indexes(err, len(batch)))
		sent += len(batch) - len(failed)
		if len(failed) > 0 && failed[len(failed)-1] != len(batch)-1 {
			t.Errorf("failed: %v", failed)
		}
	}
	for _, err := range sink.Failures(err, len(batch)) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send returned %v", err)
		}
	}
	if a := s.Account(); a.Done != uint64(sent) {
		t.Errorf("%d were sent: %+v", sent, a)
	}
}

// indexes yields the indexes of a Send's error.
func indexes(err error, n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range sink.Failures(err, n) {
			if !yield(i) {
				return
			}
		}
	}
}
