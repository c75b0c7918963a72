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
type udpServer struct {
	conn *net.UDPConn

	mu        sync.Mutex
	datagrams []string
	taken     int // by datagram
}

func listenUDP(t testing.TB) *udpServer {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	u := &udpServer{conn: conn}
	var reading sync.WaitGroup
	reading.Go(u.read)
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
	})
	return u
}

func (u *udpServer) read() {
	buffer := make([]byte, 65_536)
	for {
		n, err := u.conn.Read(buffer)
		if err != nil {
			return
		}
		u.mu.Lock()
		u.datagrams = append(u.datagrams, string(buffer[:n]))
		u.mu.Unlock()
	}
}

func (u *udpServer) addr() string { return u.conn.LocalAddr().String() }
func (u *udpServer) port() uint16 { return u.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// datagram waits for the next datagram.
func (u *udpServer) datagram(t testing.TB) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		u.mu.Lock()
		if u.taken < len(u.datagrams) {
			u.taken++
			next := u.datagrams[u.taken-1]
			u.mu.Unlock()
			return next
		}
		u.mu.Unlock()
	}
	t.Fatal("no datagram came")
	return ""
}

// received returns the lines that have arrived.
func (u *udpServer) received() (lines []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, datagram := range u.datagrams {
		lines = append(lines, strings.Split(datagram, "\n")...)
	}
	return lines
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
