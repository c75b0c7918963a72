package cefsink

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// A dialer makes connections.
type dialer struct {
	network, addr string
	tls           *tls.Config // nil: none
	attend        func(conn, raw net.Conn) *peer
}

// handshakeRest is for how long a connection of TLS 1.3 is watched, beside twice its handshake, before it is written to.
const handshakeRest = 50 * time.Millisecond

func (d *dialer) dial(ctx context.Context) (*peer, error) {
	raw, err := new(net.Dialer).DialContext(ctx, d.network, d.addr)
	if err != nil {
		return nil, err
	}
	if d.tls == nil {
		return d.attend(raw, raw), nil
	}
	conn := tls.Client(raw, d.tls)
	begin := time.Now()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	p := d.attend(conn, raw)
	if conn.ConnectionState().Version < tls.VersionTLS13 {
		return p, nil
	}
	// A server that refuses the client's certificate says so after the handshake (RFC 8446 section 4.4.2.4).
	if err := p.wait(ctx, time.Now().Add(2*time.Since(begin)+handshakeRest)); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// configOf returns o's TLS for the server at host.
func configOf(o *Options, host string) *tls.Config {
	config := o.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}
