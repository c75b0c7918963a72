package statsdsink

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/cactus/go-statsd-client/v5/statsd"
)

// lookupEvery is how long an address is used before the server's name is looked up again.
const lookupEvery = time.Minute

// lookupAgain is how long such a lookup may keep a Send waiting that has an address all the while.
const lookupAgain = time.Second

// A udp packs lines into datagrams.
type udp struct {
	host     string
	port     uint16
	datagram int             // bytes
	life     context.Context // ends with the sink
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)

	sender statsd.Sender // nil: none yet, or none since an error
	peer   netip.AddrPort
	since  time.Time // when host was looked up
}

func (u *udp) send(ctx context.Context, p *packet) (int, error) {
	if err := u.open(ctx); err != nil {
		return 0, err
	}
	for sent := 0; sent < len(p.lines); {
		start, next := p.start(sent), sent+1
		for next < len(p.lines) && p.lines[next].end-1-start <= u.datagram {
			next++
		}
		if _, err := u.sender.Send(p.buf[start : p.lines[next-1].end-1]); err != nil {
			return sent, err
		}
		sent = next
	}
	return len(p.lines), nil
}

// open makes the sender when there is none, or when the server has moved.
func (u *udp) open(ctx context.Context) error {
	if u.sender != nil && time.Since(u.since) < lookupEvery {
		return nil
	}
	if u.sender != nil {
		again, cancel := context.WithTimeout(ctx, lookupAgain)
		defer cancel()
		ctx = again
	}
	peer, err := u.resolve(ctx)
	u.since = time.Now()
	switch {
	case err != nil && u.sender != nil, err == nil && u.sender != nil && peer == u.peer:
		return nil // the old address is better than none
	case err != nil:
		return err
	}
	u.close()
	sender, err := statsd.NewSimpleSender(peer.String())
	if err != nil {
		return err
	}
	u.sender, u.peer = sender, peer
	return nil
}

// resolve returns the server's address, an IPv4 one if it has any.
func (u *udp) resolve(ctx context.Context) (netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(u.host); err == nil {
		return netip.AddrPortFrom(ip, u.port), nil
	}
	ctx, cancel := until(ctx, u.life)
	defer cancel()
	ips, err := u.lookup(ctx, "ip", u.host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, ip := range ips {
		if ip.Unmap().Is4() {
			return netip.AddrPortFrom(ip.Unmap(), u.port), nil
		}
	}
	if len(ips) == 0 {
		return netip.AddrPort{}, fmt.Errorf("lookup %s: no address", u.host)
	}
	return netip.AddrPortFrom(ips[0], u.port), nil
}

func (u *udp) close() {
	if u.sender != nil {
		_ = u.sender.Close()
		u.sender = nil
	}
}
