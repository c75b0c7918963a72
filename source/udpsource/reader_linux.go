package udpsource

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// batchDatagrams is how many datagrams one system call reads at most.
const batchDatagrams = 64

// control asks the kernel to say with each datagram how many it has dropped.
func control(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	}); e != nil {
		return e
	}
	return err
}

// A reader reads batches of datagrams with recvmmsg(2).
type reader struct {
	conn     *net.UDPConn
	packets  *ipv4.PacketConn // for both families: ReadBatch looks at no address
	messages []ipv4.Message
	seen     uint32 // drops, as the kernel counts them
}

func newReader(conn *net.UDPConn, size int) *reader {
	r := &reader{conn: conn, packets: ipv4.NewPacketConn(conn), messages: make([]ipv4.Message, batchDatagrams)}
	buffer, space := make([]byte, batchDatagrams*size), unix.CmsgSpace(4)
	control := make([]byte, batchDatagrams*space)
	for i := range r.messages {
		r.messages[i].Buffers = [][]byte{buffer[i*size : (i+1)*size : (i+1)*size]}
		r.messages[i].OOB = control[i*space : (i+1)*space : (i+1)*space]
	}
	return r
}

// read waits for datagrams and returns how many there are now. The ones before are gone.
func (r *reader) read() (int, error) {
	n, err := r.packets.ReadBatch(r.messages, 0)
	return max(n, 0), err
}

// readNow is read without waiting: when there is nothing it returns 0.
func (r *reader) readNow() (int, error) {
	if err := r.conn.SetReadDeadline(time.Time{}); err != nil {
		return 0, err
	}
	n, err := r.packets.ReadBatch(r.messages, unix.MSG_DONTWAIT)
	if errors.Is(err, unix.EAGAIN) {
		return 0, nil
	}
	return max(n, 0), err
}

// datagram returns datagram i, until the next read, its sender, and whether it is all there.
func (r *reader) datagram(i int) (data []byte, from netip.AddrPort, whole bool) {
	m := &r.messages[i]
	if peer, ok := m.Addr.(*net.UDPAddr); ok {
		from = peer.AddrPort()
	}
	return m.Buffers[0][:m.N], from, m.Flags&unix.MSG_TRUNC == 0
}

// drops returns how many datagrams the kernel dropped before the last of the first n was received, and after what drops
// told before.
func (r *reader) drops(n int) int {
	for i := n - 1; i >= 0; i-- {
		m := &r.messages[i]
		if m.NN == 0 {
			continue
		}
		header, data, _, err := unix.ParseOneSocketControlMessage(m.OOB[:m.NN])
		if err == nil && header.Level == unix.SOL_SOCKET && header.Type == unix.SO_RXQ_OVFL && len(data) >= 4 {
			return r.since(binary.NativeEndian.Uint32(data))
		}
	}
	return 0
}

// since returns what was dropped after what was told before; the kernel's count wraps.
func (r *reader) since(count uint32) int {
	n := int(count - r.seen)
	r.seen = count
	return n
}

// finalDrops is drops up to now: it asks the socket instead of a datagram.
func (r *reader) finalDrops() int {
	var memory [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(memory))
	var errno syscall.Errno
	err := r.onSocket(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&memory)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err != nil || errno != 0 || size < uint32(unsafe.Sizeof(memory)) {
		return 0
	}
	return r.since(memory[unix.SK_MEMINFO_DROPS])
}

// bufferSize returns the size of the socket's receive buffer in bytes, as the kernel counts them.
func (r *reader) bufferSize() (size int) {
	_ = r.onSocket(func(fd uintptr) { size, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) })
	return size
}

func (r *reader) onSocket(f func(fd uintptr)) error {
	raw, err := r.conn.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(f)
}
