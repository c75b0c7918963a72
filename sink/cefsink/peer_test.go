package cefsink

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// A server that dies under load, again and again, gets everything that was acknowledged, some of it twice.
func TestServerDies(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			server := listenStream(t, network)
			s := newSink(t, network+"://"+server.addr, &Options{Resend: time.Minute})
			s.wire.(*stream).trial = time.Millisecond
			var done []string
			for round := range 5 {
				for i := range 50 {
					name := numbered("r", round*50+i+1)[round*50+i]
					eventually(t, "a Send", func() bool { return s.Send(t.Context(), events(t, name)) == nil })
					done = append(done, name)
					if i == 25 {
						server.hangUp()
					}
				}
				server.down()
				server.up(t)
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			server.down()
			got := server.names()
			for _, name := range done {
				if !slices.Contains(got, name) {
					t.Errorf("%s is lost", name)
				}
			}
			if err := errors.Join(server.wrong()...); err != nil {
				t.Error(err)
			}
			if s.Stats().Resent == 0 {
				t.Error("nothing was sent again")
			}
		})
	}
}

// silent listens and never reads.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 100)
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		for conn := range accepted {
			conn.Close()
		}
	})
	return listener.Addr().String()
}

// To a server that accepts and never reads, Send waits as long as its context allows; so does a Send that waits for that.
func TestServerNeverReads(t *testing.T) {
	s := newSink(t, "tcp://"+silent(t), nil)
	batch := events(t, numbered("e", 2000)...)
	var err error
	for err == nil {
		err = s.Send(brief(t), batch)
	}
	for i, err := range sink.Failures(err, len(batch)) {
		if !errors.Is(err, context.DeadlineExceeded) || sink.IsPermanent(err) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	stuck := make(chan error)
	go func() {
		for {
			if err := s.Send(t.Context(), batch); err != nil {
				stuck <- err
				return
			}
		}
	}()
	eventually(t, "a Send that others wait for", func() bool {
		err := s.Send(brief(t), events(t, "other"))
		return errors.Is(err, context.DeadlineExceeded)
	})
	_ = s.Close() // says what is left, if anything
	for _, err := range sink.Failures(<-stuck, len(batch)) {
		if !errors.Is(err, sink.ErrClosed) {
			t.Fatalf("after Close the Send returned %v", err)
		}
	}
}

// A server that never answers the handshake holds a Send up as long as its context allows, and no longer than Close.
func TestServerNeverShakesHands(t *testing.T) {
	s := newSink(t, "tls://"+silent(t), nil)
	if err := s.Send(brief(t), events(t, "e")); !errors.Is(err, context.DeadlineExceeded) || sink.IsPermanent(err) {
		t.Errorf("Send returned %v", err)
	}
	stuck := make(chan error)
	go func() { stuck <- s.Send(context.Background(), events(t, "e")) }()
	eventually(t, "a Send that others wait for", func() bool { return len(s.turn) == 1 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-stuck; !errors.Is(err, sink.ErrClosed) {
		t.Errorf("after Close the Send returned %v", err)
	}
}

// What a server says, however much, has no meaning and takes no memory, nor does it hold up what it is sent.
func TestServerFloods(t *testing.T) {
	server := &streamServer{network: "tcp", addr: "127.0.0.1:0", wrap: func(conn net.Conn) net.Conn {
		go func() {
			for junk := make([]byte, 64<<10); ; {
				if _, err := conn.Write(junk); err != nil {
					return
				}
			}
		}()
		return conn
	}}
	server.up(t)
	t.Cleanup(server.down)
	s := newSink(t, "tcp://"+server.addr, nil)
	want := numbered("e", 100)
	for _, name := range want {
		send(t, s, name)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, "all", func() bool { return len(server.received()) >= len(want) })
	for _, name := range want {
		if !slices.Contains(server.names(), name) {
			t.Errorf("%s is lost", name)
		}
	}
}

// What a context's end cuts short leaves no half of a record before another.
func TestCutShort(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, "tcp://"+server.addr, nil)
	var done []string
	for i, name := range numbered("e", 200) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*10*time.Microsecond)
		if s.Send(ctx, events(t, name)) == nil {
			done = append(done, name)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Send(ctx, events(t, "cancelled"))
	send(t, s, "last")
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	server.down()
	got := server.names()
	for _, name := range append(done, "last") {
		if !slices.Contains(got, name) {
			t.Errorf("%s is lost", name)
		}
	}
	if err := errors.Join(server.wrong()...); err != nil {
		t.Error(err)
	}
}

// Close says nothing of what was written to a connection that was good until then.
func TestCloseLeavesNothing(t *testing.T) {
	for range 50 {
		server := listenTCP(t)
		s := newSink(t, "tcp://"+server.addr, nil)
		send(t, s, "a")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
