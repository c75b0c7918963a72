package hdfssink

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// maxAnswer bounds what a peer may claim that its answer has. A namenode's are a few kilobytes; whatever listens on a wrong
// port says gigabytes.
const maxAnswer = 64 << 20

var (
	errAnswer = errors.New("the peer claims an answer of more than 64 MiB")
	errCut    = errors.New("the attempt has ended")
)

// wires are the connections of one client of the library, which itself bounds no time, leaves connections open after errors
// and, without a context, would dial again after its end.
type wires struct {
	ctx     context.Context
	timeout time.Duration

	mu       sync.Mutex
	open     map[*wire]struct{}
	cut      bool
	namenode string // dialled last
	silent   bool   // and failed
	first    error  // of any connection
	datanode error  // the first of a datanode's
}

func newWires(ctx context.Context, timeout time.Duration) *wires {
	return &wires{ctx: ctx, timeout: timeout, open: make(map[*wire]struct{})}
}

func (w *wires) dialNamenode(_ context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.namenode, w.silent = address, false
	w.mu.Unlock()
	return w.dial(network, address, false)
}

func (w *wires) dialDatanode(_ context.Context, network, address string) (net.Conn, error) {
	return w.dial(network, address, true)
}

func (w *wires) dial(network, address string, datanode bool) (net.Conn, error) {
	if w.isCut() {
		return nil, errCut
	}
	conn, err := (&net.Dialer{Timeout: w.timeout}).DialContext(w.ctx, network, address)
	if err != nil {
		w.failed(err, datanode)
		return nil, err
	}
	c := &wire{Conn: conn, of: w, datanode: datanode}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return nil, errors.Join(errCut, conn.Close())
	}
	w.open[c] = struct{}{}
	return c, nil
}

func (w *wires) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// cutAll closes all connections, for good.
func (w *wires) cutAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for c := range w.open {
		_ = c.Conn.Close()
	}
	clear(w.open)
}

// seen returns the namenode that was dialled last, whether it failed, and the first error of any connection.
func (w *wires) seen() (namenode string, silent bool, first error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.namenode, w.silent, w.first
}

func (w *wires) failed(err error, datanode bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil && !w.cut {
		w.first = err
	}
	if w.datanode == nil && datanode {
		w.datanode = err
	}
	w.silent = w.silent || !datanode && !w.cut
}

// broken returns the first error of a connection to a datanode. It is then no matter what the library says of the file.
func (w *wires) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.datanode
}

// A wire is one connection. Each Read and Write has its own deadline, and the first error closes it: the library would go
// on to take a late answer for the next call's.
type wire struct {
	net.Conn
	of       *wires
	datanode bool
}

func (c *wire) Read(b []byte) (n int, err error) {
	if len(b) > maxAnswer {
		return 0, c.fail(errAnswer)
	}
	if err = c.SetReadDeadline(time.Now().Add(c.of.timeout)); err == nil {
		n, err = c.Conn.Read(b)
	}
	if err != nil {
		return n, c.fail(err)
	}
	return n, nil
}

// Write to a datanode reports no error: the library would then leave behind a goroutine and its buffer for each, since it
// ends them in Close only when every Write has gone well. The error is kept for broken, and Close finds no acknowledgement.
func (c *wire) Write(b []byte) (n int, err error) {
	if err = c.SetWriteDeadline(time.Now().Add(c.of.timeout)); err == nil {
		n, err = c.Conn.Write(b)
	}
	if err == nil {
		return n, nil
	}
	if err = c.fail(err); c.datanode {
		return len(b), nil
	}
	return n, err
}

// SetDeadline does nothing: the library calls it to have no deadline.
func (c *wire) SetDeadline(time.Time) error { return nil }

func (c *wire) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

func (c *wire) fail(err error) error {
	c.of.failed(err, c.datanode)
	_ = c.Close()
	return err
}
