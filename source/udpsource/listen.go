package udpsource

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// checkAddr reports what is wrong with an address, without looking any name up.
func checkAddr(addr string, remote bool) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("udpsource: address %q: want host:port", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("udpsource: address %q: port is no number from 0 to 65535", addr)
	}
	if ip, err := netip.ParseAddr(host); !remote && host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
		return fmt.Errorf("udpsource: address %q is not this host's loopback: set AllowRemote to listen there", addr)
	}
	return nil
}

// listen opens the socket.
func (s *Source) listen(ctx context.Context) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: control}
	packets, err := config.ListenPacket(ctx, "udp", s.addr)
	if err != nil {
		return nil, fmt.Errorf("udpsource: %w", err)
	}
	conn := packets.(*net.UDPConn)
	if ip := conn.LocalAddr().(*net.UDPAddr).IP; !s.options.AllowRemote && !ip.IsLoopback() {
		_ = conn.Close() // nothing was received
		return nil, fmt.Errorf("udpsource: %s is %v, which is not this host's loopback", s.addr, ip)
	}
	if err := conn.SetReadBuffer(s.options.ReadBuffer); err != nil {
		_ = conn.Close() // nothing was received
		return nil, fmt.Errorf("udpsource: ReadBuffer: %w", err)
	}
	return conn, nil
}
