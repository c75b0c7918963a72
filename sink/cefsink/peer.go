package cefsink

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A peer is one connection to the server, and a goroutine that reads from it.
type peer struct {
	conn  net.Conn  // TLS, where there is any
	raw   net.Conn  // what is below it
	since time.Time // when it could be written to
	trust time.Time // from when on it is written to

	ended atomic.Bool // by the sink's end

	gone chan struct{} // closed when the connection has ended; then:
	err  error         // why
	at   time.Time     // when
}

func newPeer(conn, raw net.Conn) *peer {
	return &peer{conn: conn, raw: raw, gone: make(chan struct{})}
}

// read reads until the connection ends. What a server sends has no meaning.
func (p *peer) read() {
	var scrap [512]byte
	for p.err == nil {
		_, p.err = p.conn.Read(scrap[:])
	}
	p.at = time.Now()
	_ = p.raw.Close() // a Send may be writing
	close(p.gone)
}

func (p *peer) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// write writes b. It waits no longer than ctx; after an error the connection is of no use.
func (p *peer) write(ctx context.Context, b []byte) error {
	if ctx.Done() == nil {
		_, err := p.conn.Write(b)
		return p.why(err)
	}
	done := cutAt(ctx, p.raw)
	_, err := p.conn.Write(b)
	done()
	if err != nil && ctx.Err() != nil && p.alive() {
		return ctx.Err()
	}
	return p.why(err)
}

// why returns what the reader has found, if that is why a write failed.
func (p *peer) why(err error) error {
	if err == nil || p.alive() {
		return err
	}
	if errors.Is(p.err, io.EOF) {
		return errors.New("the server has closed the connection")
	}
	return p.err
}

// wait waits until that time. The error says why it could not.
func (p *peer) wait(ctx context.Context, end time.Time) error {
	d := time.Until(end)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.gone:
		return p.why(net.ErrClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish tells the server that nothing more comes.
func (p *peer) finish() error {
	if half, ok := p.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// close ends the connection.
func (p *peer) close() {
	_ = p.raw.Close()
	<-p.gone
}
