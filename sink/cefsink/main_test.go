package cefsink

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSink returns a sink that the test's end closes.
func newSink(t testing.TB, address string, o *Options) *Sink {
	t.Helper()
	s, err := New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close()
		if a := s.Account(); !a.Balanced() {
			t.Errorf("the account does not balance: %+v", a)
		}
	})
	return s
}

// event returns a message whose event has the name given.
func event(t testing.TB, name string) envelope.Message {
	t.Helper()
	m, err := envelope.Draft{
		Type: envelope.TypeCEF, Payload: "CEF:0|Example|shop|1|AuthFail|" + name + "|5|src=203.0.113.9",
		Timestamp: time.Date(2026, 3, 2, 9, 15, 4, 1000, time.UTC), Hostname: "web3", PID: 4107,
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func events(t testing.TB, names ...string) (batch []envelope.Message) {
	t.Helper()
	for _, name := range names {
		batch = append(batch, event(t, name))
	}
	return batch
}

// numbered returns the names prefix0 and so on.
func numbered(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, prefix+strconv.Itoa(i))
	}
	return names
}

// withMeta returns a message with a payload and cef_meta, which is any JSON.
func withMeta(t testing.TB, payload string, meta any) envelope.Message {
	t.Helper()
	m, err := envelope.Draft{
		Type: envelope.TypeCEF, Payload: payload, Fields: []slog.Attr{slog.Any("cef_meta", meta)},
		Timestamp: time.Date(2026, 3, 2, 9, 15, 4, 1000, time.UTC), Hostname: "web3", PID: 4107,
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// nameOf returns an event's name from its record.
func nameOf(record string) string {
	_, rest, _ := strings.Cut(record, "|AuthFail|")
	name, _, _ := strings.Cut(rest, "|")
	return name
}

// frames reads frames of RFC 6587 until there is no whole one.
func frames(r io.Reader, each func(record string)) error {
	in := bufio.NewReader(r)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || n <= 0 || length[0] == '0' {
			return fmt.Errorf("length %q", length)
		}
		record := make([]byte, n)
		if _, err := io.ReadFull(in, record); err != nil {
			return err
		}
		each(string(record))
	}
}

// A streamServer receives frames. It can hang up and come back.
type streamServer struct {
	network, addr string
	wrap          func(net.Conn) net.Conn // nil: not at all

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	records  []string
	errs     []error
	reading  sync.WaitGroup
}

func listen(t testing.TB, network, addr string) *streamServer {
	t.Helper()
	s := &streamServer{network: network, addr: addr}
	s.up(t)
	t.Cleanup(s.down)
	return s
}

func listenTCP(t testing.TB) *streamServer { return listen(t, "tcp", "127.0.0.1:0") }

func (s *streamServer) up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen(s.network, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.addr = listener, listener.Addr().String()
	s.reading.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if s.wrap != nil {
				conn = s.wrap(conn)
			}
			s.mu.Lock()
			if s.listener != listener {
				conn.Close()
			}
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.reading.Go(func() { s.read(conn) })
		}
	})
}

func (s *streamServer) read(conn net.Conn) {
	defer conn.Close()
	err := frames(conn, func(record string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.records = append(s.records, record)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
}

// down hangs up and listens no more.
func (s *streamServer) down() {
	s.mu.Lock()
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	s.mu.Unlock()
	s.hangUp()
	s.reading.Wait()
}

// hangUp resets the connections there are.
func (s *streamServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
	s.conns = nil
}

// errors returns what is wrong with what was received, if anything.
func (s *streamServer) wrong() (wrong []error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.errs {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed) {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

func (s *streamServer) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.records...)
}

// names returns the names of the events that were received.
func (s *streamServer) names() (names []string) {
	for _, record := range s.received() {
		names = append(names, nameOf(record))
	}
	return names
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 s: " + what)
		}
	}
}

// brief returns a context that ends soon.
func brief(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func listenStream(t testing.TB, network string) *streamServer {
	t.Helper()
	if network == "unix" {
		return listen(t, network, filepath.Join(t.TempDir(), "log"))
	}
	return listenTCP(t)
}
