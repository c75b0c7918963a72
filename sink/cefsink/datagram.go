package cefsink

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// A datagram writes each record into a datagram of its own.
type datagram struct {
	network, addr string
	life          context.Context

	records *page
	conn    net.Conn    // nil: none yet, or none since an error
	since   time.Time   // when it was made
	spared  func() bool // lets conn outlive life
}

const (
	// lookupEvery is how long an address is used before the server's name is looked up again.
	lookupEvery = time.Minute

	// lookupTime bounds such a lookup, while the old address would do.
	lookupTime = time.Second
)

func (d *datagram) page() *page {
	d.records.reset()
	return d.records
}

func (d *datagram) flush(ctx context.Context) (int, error) {
	old := d.conn != nil
	done, err := d.write(ctx, 0)
	if err != nil && old && d.conn == nil && ctx.Err() == nil { // the daemon may be another one now
		done, err = d.write(ctx, done)
	}
	return done, err
}

// write writes the records from the first that has not been written, and returns the next such.
func (d *datagram) write(ctx context.Context, first int) (int, error) {
	if err := d.open(ctx); err != nil {
		return first, err
	}
	if ctx.Done() != nil && d.network == "unixgram" { // where a slow daemon makes writes wait
		defer cutAt(ctx, d.conn)()
	}
	for i, r := range d.records.records[first:] {
		start := d.records.start
		if first+i > 0 {
			start = d.records.records[first+i-1].end
		}
		if _, err := d.conn.Write(d.records.buf[start:r.end]); err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if d.network == "unixgram" && !errors.Is(err, syscall.EMSGSIZE) {
				d.shut()
			}
			return first + i, err
		}
	}
	return len(d.records.records), nil
}

// open makes the socket when there is none, and another when the server may have moved.
func (d *datagram) open(ctx context.Context) error {
	if d.conn != nil && (d.network == "unixgram" || time.Since(d.since) < lookupEvery) {
		return nil
	}
	limit := attemptTime
	if d.conn != nil {
		limit = lookupTime
	}
	ctx, cancel := until(ctx, d.life)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, d.network, d.addr)
	if err != nil && d.conn == nil {
		return err
	}
	d.since = time.Now()
	if err != nil {
		return nil // the old one is better than none
	}
	d.shut()
	d.conn = conn
	d.spared = context.AfterFunc(d.life, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
	return nil
}

func (d *datagram) shut() {
	if d.conn != nil {
		d.spared()
		_ = d.conn.Close()
		d.conn = nil
	}
}

func (d *datagram) finish(context.Context) error { return nil }

func (d *datagram) close() (records, bytes uint64) {
	d.shut()
	return 0, 0
}

// cutAt ends the writes of conn when ctx ends. The function it returns ends that.
func cutAt(ctx context.Context, conn net.Conn) func() {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.SetWriteDeadline(time.Unix(1, 0))
		close(cut)
	})
	return func() {
		if !stop() {
			<-cut
			_ = conn.SetWriteDeadline(time.Time{})
		}
	}
}

// until returns a context that ends with ctx and with life.
func until(ctx, life context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}
