package statsdsink

import (
	"context"
	"net"
	"time"
)

// A tcp writes lines to one connection.
type tcp struct {
	addr string
	life context.Context // ends with the sink
	conn *net.TCPConn    // nil: none yet, or none since an error
}

func (t *tcp) send(ctx context.Context, p *packet) (int, error) {
	ctx, cancel := until(ctx, t.life)
	defer cancel()
	if err := t.open(ctx); err != nil {
		return 0, err
	}
	conn := t.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Unix(0, 0)) })
	n, err := conn.Write(p.buf)
	if !stop() && err == nil {
		t.close() // its deadline may be set now or later
	}
	if err == nil {
		return len(p.lines), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	sent := 0
	for sent < len(p.lines) && p.lines[sent].end <= n {
		sent++
	}
	return sent, err
}

// open makes the connection when there is none, or when the server has closed it.
func (t *tcp) open(ctx context.Context) error {
	if t.conn != nil && !ended(t.conn) {
		return nil
	}
	t.close()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return err
	}
	t.conn = conn.(*net.TCPConn)
	return nil
}

func (t *tcp) close() {
	if t.conn != nil {
		_ = t.conn.Close()
		t.conn = nil
	}
}
