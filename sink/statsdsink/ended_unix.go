//go:build unix

package statsdsink

import (
	"net"
	"syscall"
)

// ended reports whether the server has closed the connection. Servers send nothing else, and a write after that is lost
// without an error.
func ended(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	over := false
	err = raw.Read(func(fd uintptr) bool {
		var b [64]byte
		n, err := syscall.Read(int(fd), b[:])
		over = n == 0 || n < 0 && err != syscall.EAGAIN && err != syscall.EINTR
		return true
	})
	return over || err != nil
}
