package cefsink

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// A stage is the server's side of connections in memory. Each new one is given to serve, in order.
type stage struct {
	mu      sync.Mutex
	made    int
	at      []time.Time
	records [][]string // by connection
}

// sinkOn returns a sink whose connections are made by serve, which is called with their numbers: it returns whether the
// connection is made, and after how many records and how long it ends (0: never).
func sinkOn(t *testing.T, o *Options, serve func(n int) (up bool, records int, life time.Duration)) (*Sink, *stage) {
	t.Helper()
	s, err := New("tcp://siem:601", o)
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{}
	s.wire.(*stream).dial = func(context.Context) (*peer, error) {
		st.mu.Lock()
		n := st.made
		st.made++
		st.at = append(st.at, time.Now())
		st.records = append(st.records, nil)
		st.mu.Unlock()
		up, most, life := serve(n)
		if !up {
			return nil, errors.New("refused")
		}
		client, server := net.Pipe()
		if life > 0 {
			time.AfterFunc(life, func() { server.Close() })
		}
		go func() {
			defer server.Close()
			_ = frames(server, func(record string) {
				st.mu.Lock()
				defer st.mu.Unlock()
				st.records[n] = append(st.records[n], nameOf(record))
				if most > 0 && len(st.records[n]) == most {
					server.Close()
				}
			})
		}()
		return s.attend(client, client), nil
	}
	return s, st
}

// end closes the sink and waits for what it started.
func end(t *testing.T, s *Sink) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if a := s.Account(); !a.Balanced() {
		t.Errorf("the account does not balance: %+v", a)
	}
	synctest.Wait()
}

// received returns how many records the connection n has received.
func (st *stage) received(n int) int {
	st.mu.Lock()
	defer st.mu.Unlock()
	if n >= len(st.records) {
		return 0
	}
	return len(st.records[n])
}

func (st *stage) want(t *testing.T, want ...string) {
	t.Helper()
	st.mu.Lock()
	defer st.mu.Unlock()
	var got []string
	for _, records := range st.records {
		got = append(got, strings.Join(records, " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("connections received %q, want %q", got, want)
	}
}

func send(t *testing.T, s *Sink, names ...string) {
	t.Helper()
	if err := s.Send(t.Context(), events(t, names...)); err != nil {
		t.Errorf("Send of %q: %v", names, err)
	}
}

// What was written within the last second before a connection broke is written again, and nothing older.
func TestLastSecondIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(n int) (bool, int, time.Duration) {
			if n == 0 {
				return true, 0, 5 * time.Second
			}
			return true, 0, 0
		})
		send(t, s, "old")
		time.Sleep(3900 * time.Millisecond)
		send(t, s, "also-old")
		time.Sleep(200 * time.Millisecond)
		send(t, s, "a", "b")
		time.Sleep(800 * time.Millisecond)
		send(t, s, "c")
		time.Sleep(time.Hour) // nobody sends, and yet:
		st.want(t, "old also-old a b c", "a b c")
		if got := s.Stats().Resent; got != 3 {
			t.Errorf("%d were sent again", got)
		}
		send(t, s, "d")
		synctest.Wait()
		st.want(t, "old also-old a b c", "a b c d")
		end(t, s)
	})
}

// Resend says for how long that is, and negative is not at all.
func TestResend(t *testing.T) {
	for _, test := range []struct {
		resend time.Duration
		want   string
	}{{time.Minute, "a b c"}, {-1, "c"}} {
		synctest.Test(t, func(t *testing.T) {
			s, st := sinkOn(t, &Options{Resend: test.resend}, func(n int) (bool, int, time.Duration) {
				if n == 0 {
					return true, 0, time.Hour
				}
				return true, 0, 0
			})
			send(t, s, "old")
			time.Sleep(time.Hour - 30*time.Second)
			send(t, s, "a")
			send(t, s, "b")
			time.Sleep(time.Minute)
			send(t, s, "c")
			synctest.Wait()
			st.want(t, "old a b", test.want)
			end(t, s)
		})
	}
}

// A server that cannot be reached is tried again after 100 ms, then twice that, until 5 s; nothing kept is lost by that.
func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(n int) (bool, int, time.Duration) {
			switch {
			case n == 0:
				return true, 0, 2 * time.Second
			case n < 9:
				return false, 0, 0
			}
			return true, 0, 0
		})
		time.Sleep(time.Millisecond)
		send(t, s, "before")
		time.Sleep(1500 * time.Millisecond)
		send(t, s, "kept")
		time.Sleep(time.Second)
		err := s.Send(t.Context(), events(t, "meanwhile"))
		if err == nil || sink.IsPermanent(err) || sink.RetryDelay(err) <= 0 {
			t.Errorf("without a server Send returned %v", err)
		}
		time.Sleep(time.Minute)
		st.want(t, "before kept", "", "", "", "", "", "", "", "", "kept")
		for i, want := range []time.Duration{100, 200, 400, 800, 1600, 3200, 5000, 5000} {
			if got := st.at[i+2].Sub(st.at[i+1]); got != want*time.Millisecond {
				t.Errorf("pause %d is %v", i, got)
			}
		}
		end(t, s)
	})
}

// After a connection that breaks soon, nothing new is said to be sent before one has lived for a second.
func TestTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(n int) (bool, int, time.Duration) {
			if n < 3 {
				return true, 0, 10 * time.Millisecond
			}
			return true, 0, 0
		})
		send(t, s, "first")
		synctest.Wait()
		time.Sleep(20 * time.Millisecond)
		begin := time.Now()
		for s.Send(t.Context(), events(t, "second")) != nil {
			time.Sleep(10 * time.Millisecond)
		}
		if waited := time.Since(begin); waited < time.Second || waited > 3*time.Second {
			t.Errorf("waited for %v", waited)
		}
		synctest.Wait()
		st.want(t, "first", "first", "first", "first second")
		if got := s.Stats(); got.Resent != 3 || got.GivenUp != 0 {
			t.Errorf("stats %+v", got)
		}
		end(t, s)
	})
}

// What no connection survives is given up, but only when one survives without it.
func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poisoned := true
		s, st := sinkOn(t, nil, func(int) (bool, int, time.Duration) {
			if poisoned {
				return true, 1, 0 // reads one record and hangs up
			}
			return true, 0, 0
		})
		send(t, s, "poison")
		time.Sleep(5 * time.Minute)
		stats := s.Stats()
		if stats.GivenUp != 1 || stats.Resent != maxBrief-1+1 {
			t.Errorf("stats %+v", stats)
		}
		if err := s.Account().LastError; err == nil || !strings.Contains(err.Error(), "given up") {
			t.Errorf("LastError is %v", err)
		}
		poisoned = false
		for s.Send(t.Context(), events(t, "next")) != nil {
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := st.records[len(st.records)-1]; !slices.Equal(got, []string{"next"}) {
			t.Errorf("received %q", st.records)
		}
		end(t, s)
	})
}

// A server that hangs up for minutes, whatever it is sent, loses nothing by that.
func TestFlappingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s, st := sinkOn(t, nil, func(int) (bool, int, time.Duration) {
			if time.Since(start) < 10*time.Minute {
				return true, 0, time.Millisecond
			}
			return true, 0, 0
		})
		send(t, s, "first")
		for i := range 60 {
			time.Sleep(10 * time.Second)
			if err := s.Send(t.Context(), events(t, "more")); err == nil && i < 59 {
				t.Errorf("after %v a Send returned nil", time.Since(start))
			}
		}
		time.Sleep(time.Minute)
		send(t, s, "last")
		synctest.Wait()
		if got := st.records[len(st.records)-1]; !slices.Contains(got, "first") || !slices.Contains(got, "last") {
			t.Errorf("received %q", got)
		}
		if got := s.Stats().GivenUp; got != 0 {
			t.Errorf("%d were given up", got)
		}
		end(t, s)
	})
}

// What is kept for longer than an attempt may take is sent again all the same, also when nobody sends.
func TestLongResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, &Options{Resend: time.Minute}, func(n int) (bool, int, time.Duration) {
			if n <= maxBrief {
				return true, 1, time.Second // whatever it is sent, and if nothing
			}
			return true, 0, 0
		})
		send(t, s, "kept")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := st.records[len(st.records)-1]; !slices.Equal(got, []string{"kept"}) {
			t.Errorf("received %q", st.records)
		}
		end(t, s)
	})
}

// What a server takes long to break at counts from when it could be written to, however long the handshake was.
func TestSlowHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(int) (bool, int, time.Duration) { return true, 0, 1100 * time.Millisecond })
		stream := s.wire.(*stream)
		dial := stream.dial
		stream.dial = func(ctx context.Context) (*peer, error) {
			p, err := dial(ctx)
			time.Sleep(300 * time.Millisecond)
			return p, err
		}
		send(t, s, "poison")
		time.Sleep(time.Minute)
		st.mu.Lock()
		if st.made > 30 {
			t.Errorf("%d connections within a minute", st.made)
		}
		st.mu.Unlock()
		_ = s.Close()
		synctest.Wait()
	})
}

// The sink's own end is no connection's fault, nor that of what is kept.
func TestCloseOnTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(n int) (bool, int, time.Duration) {
			return true, 0, max(0, time.Duration(maxBrief-n)) * time.Millisecond
		})
		send(t, s, "kept")
		for st.received(maxBrief) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		s.die() // the connection's end is seen before Close goes on
		synctest.Wait()
		_ = s.Close()
		if err := s.Account().LastError; err != nil || s.Stats().GivenUp > 0 {
			t.Errorf("LastError %v, stats %+v", err, s.Stats())
		}
		synctest.Wait()
	})
}

// A Send whose context has ended before leaves the connection alone.
func TestContextEndedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := sinkOn(t, nil, func(int) (bool, int, time.Duration) { return true, 0, 0 })
		send(t, s, "a")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			if err := s.Send(ctx, events(t, "late")); !errors.Is(err, context.Canceled) {
				t.Errorf("Send returned %v", err)
			}
		}
		send(t, s, "b")
		synctest.Wait()
		st.want(t, "a b")
		end(t, s)
	})
}

// A halfPipe is one end of a pipe that can be closed for writing, and be reset.
type halfPipe struct {
	net.Conn
	half  chan struct{} // closed by CloseWrite
	reset chan struct{} // closed when the end of the other end is a reset
}

func newHalfPipe() (*halfPipe, net.Conn) {
	client, server := net.Pipe()
	return &halfPipe{client, make(chan struct{}), make(chan struct{})}, server
}

func (h *halfPipe) CloseWrite() error {
	close(h.half)
	return nil
}

func (h *halfPipe) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	select {
	case <-h.reset:
		return n, syscall.ECONNRESET
	default:
		return n, err
	}
}

// Shutdown waits until the server has ended the connection, for a second, and sends again what is kept if it is reset.
func TestShutdownSendsAgain(t *testing.T) {
	for _, test := range []struct {
		name  string
		third func(*halfPipe, net.Conn) // what the second connection's server does at the end
		want  time.Duration             // how long Shutdown takes
	}{
		{"server ends", func(_ *halfPipe, server net.Conn) { server.Close() }, 1500 * time.Millisecond},
		{"server does nothing", func(*halfPipe, net.Conn) {}, 2100 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New("tcp://siem:601", nil)
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var records []string
			made := 0
			s.wire.(*stream).dial = func(context.Context) (*peer, error) {
				client, server := newHalfPipe()
				made++
				first := made == 1
				go func() {
					_ = frames(server, func(record string) {
						mu.Lock()
						defer mu.Unlock()
						records = append(records, nameOf(record))
					})
				}()
				go func() {
					<-client.half
					time.Sleep(400 * time.Millisecond)
					if first {
						close(client.reset)
						server.Close()
						return
					}
					test.third(client, server)
				}()
				return s.attend(client, client), nil
			}
			send(t, s, "kept")
			begin := time.Now()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(test.name, err)
			}
			if took := time.Since(begin) - 400*time.Millisecond; took < test.want-200*time.Millisecond || took > test.want {
				t.Errorf("%s: Shutdown took %v", test.name, took)
			}
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(records, []string{"kept", "kept"}) {
				t.Errorf("%s: received %q", test.name, records)
			}
			if err := s.Send(t.Context(), events(t, "late")); !errors.Is(err, sink.ErrClosed) {
				t.Errorf("after Shutdown Send returned %v", err)
			}
			end(t, s)
		})
	}
}

// What is kept when the end comes, and no server is there, is named.
func TestLeft(t *testing.T) {
	for _, shutdown := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := sinkOn(t, nil, func(n int) (bool, int, time.Duration) { return n == 0, 0, 2 * time.Second })
			send(t, s, "old")
			time.Sleep(1500 * time.Millisecond)
			send(t, s, "a", "b")
			time.Sleep(time.Second)
			var err error
			if shutdown {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				if err = s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Shutdown returned %v", err)
				}
			} else {
				err = s.Close()
			}
			var left *sink.LeftError
			if !errors.As(err, &left) || left.Messages != 2 || left.Bytes == 0 || left.Name != s.Account().Name || left.Where != "" ||
				!strings.HasSuffix(left.Error(), " may not have arrived: they were written within 1s before the connection broke") {
				t.Errorf("the error is %v", err)
			}
			if again := s.Close(); again == nil || again.Error() != left.Error() {
				t.Errorf("another Close returned %v", again)
			}
			synctest.Wait()
		})
	}
}
