package statsdsink

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A udpServer receives datagrams, as statsd does.
type udpServer struct{ conn *net.UDPConn }

func listenUDP(t testing.TB) *udpServer {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &udpServer{conn}
}

func (u *udpServer) addr() string { return u.conn.LocalAddr().String() }
func (u *udpServer) port() uint16 { return u.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// datagram returns the next datagram.
func (u *udpServer) datagram(t testing.TB) string {
	t.Helper()
	if err := u.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 65_536)
	n, err := u.conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

// waiting returns the lines that have arrived and were not read yet.
func (u *udpServer) waiting(t testing.TB) (lines []string) {
	t.Helper()
	buffer := make([]byte, 65_536)
	for {
		if err := u.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := u.conn.Read(buffer)
		if err != nil {
			return lines
		}
		lines = append(lines, strings.Split(string(buffer[:n]), "\n")...)
	}
}

// A tcpServer receives lines, as statsd's TCP server does. It can hang up and come back.
type tcpServer struct {
	addr string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	lines    []string
	reading  sync.WaitGroup
}

func listenTCP(t testing.TB) *tcpServer {
	t.Helper()
	s := &tcpServer{addr: "127.0.0.1:0"}
	s.up(t)
	t.Cleanup(s.down)
	return s
}

// up listens at the address it has had before.
func (s *tcpServer) up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", s.addr)
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
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.reading.Go(func() { s.read(conn) })
		}
	})
}

func (s *tcpServer) read(conn net.Conn) {
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // a line without its end is no line
		}
		s.mu.Lock()
		s.lines = append(s.lines, strings.TrimSuffix(line, "\n"))
		s.mu.Unlock()
	}
}

// down hangs up and listens no more.
func (s *tcpServer) down() {
	s.mu.Lock()
	s.listener.Close()
	for _, conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.reading.Wait()
}

func (s *tcpServer) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

func (s *tcpServer) waitFor(t testing.TB, n int) []string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(s.received()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d lines came, want %d", len(s.received()), n)
		}
	}
	return s.received()
}
