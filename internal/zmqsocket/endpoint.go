package zmqsocket

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// An Endpoint is an address that a socket binds or connects.
type Endpoint struct {
	Address string // tcp://host:port or ipc://path
	Bind    bool
}

// ParseEndpoint reads an endpoint. A leading ">" connects it and a leading "@" binds it; without either, bind decides.
func ParseEndpoint(text string, bind bool) (Endpoint, error) {
	e := Endpoint{text, bind}
	if address, ok := strings.CutPrefix(text, ">"); ok {
		e = Endpoint{address, false}
	} else if address, ok := strings.CutPrefix(text, "@"); ok {
		e = Endpoint{address, true}
	}
	if reason := e.wrong(); reason != "" {
		return Endpoint{}, fmt.Errorf("endpoint %q: %s", text, reason)
	}
	if port, ok := strings.CutPrefix(e.Address, "tcp://localhost:"); ok && e.Bind {
		e.Address = "tcp://127.0.0.1:" + port // libzmq binds addresses and interfaces, not names
	}
	return e, nil
}

// wrong returns what is wrong with e, "" for nothing.
func (e Endpoint) wrong() string {
	for _, c := range e.Address {
		if c < ' ' || c == 0x7f {
			return "a control character"
		}
	}
	if path, ok := strings.CutPrefix(e.Address, "ipc://"); ok {
		if path == "" {
			return "no path"
		}
		return ""
	}
	address, ok := strings.CutPrefix(e.Address, "tcp://")
	if !ok {
		return "want tcp://host:port or ipc://path"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(host, "/;, ") {
		return "want tcp://host:port"
	}
	if e.Bind && port == "*" {
		return ""
	}
	if !e.Bind && host == "*" {
		return "cannot connect to every host"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && !e.Bind {
		return "want a port from 1 to 65535"
	}
	return ""
}

// Exposed reports whether e lets other machines in: whether it binds anything but a loopback address or a local file.
func (e Endpoint) Exposed() bool {
	address, ok := strings.CutPrefix(e.Address, "tcp://")
	if !ok || !e.Bind {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.Unmap().IsLoopback()
}

// ipv6 reports whether e's host is a literal IPv6 address. Other hosts are looked up as IPv4, as libzmq does by default.
func (e Endpoint) ipv6() bool { return strings.HasPrefix(e.Address, "tcp://[") }
