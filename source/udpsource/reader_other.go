//go:build !linux

package udpsource

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

var control func(_, _ string, _ syscall.RawConn) error

// A reader reads one datagram at a time. What the kernel drops it is not told.
type reader struct {
	conn   *net.UDPConn
	buffer []byte // one byte more than a datagram may have
	n      int
	from   netip.AddrPort
}

func newReader(conn *net.UDPConn, size int) *reader {
	return &reader{conn: conn, buffer: make([]byte, size+1)}
}

// read waits for datagrams and returns how many there are now. The ones before are gone.
func (r *reader) read() (int, error) {
	var err error
	if r.n, r.from, err = r.conn.ReadFromUDPAddrPort(r.buffer); err != nil {
		return 0, err
	}
	return 1, nil
}

// readNow is read without waiting to speak of: when there is nothing it returns 0.
func (r *reader) readNow() (int, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := r.read()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, nil
	}
	return n, err
}

// datagram returns datagram i, until the next read, its sender, and whether it is all there.
func (r *reader) datagram(int) (data []byte, from netip.AddrPort, whole bool) {
	size := len(r.buffer) - 1
	return r.buffer[:min(r.n, size)], r.from, r.n <= size
}

func (r *reader) drops(int) int   { return 0 }
func (r *reader) finalDrops() int { return 0 }

// bufferSize bounds, in bytes, what is read at the end; the socket's real size is not asked for.
func (r *reader) bufferSize() int { return 4 << 20 }
