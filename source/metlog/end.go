package metlog

import (
	"context"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// patience is how long the end waits for a Send that does not heed its context.
const patience = time.Second

// Flush returns nil when everything sent before it was called has been offered to the sink, or the client has ended. The
// account says what the sink refused. An error is ctx's.
func (c *Client) Flush(ctx context.Context) error {
	c.mu.Lock()
	if len(c.tickets) == 0 { // or the worker has not come by since: one serves all
		c.tickets = append(c.tickets, make(chan struct{}))
	}
	ticket := c.tickets[0]
	c.mu.Unlock()
	c.rouse()
	select {
	case <-ticket:
		return nil
	case <-c.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Shutdown takes no more messages, sends what is there and returns when that is done; messages that come later are
// counted as Dropped "closed". When ctx ends first, so does the context of what is being sent; what the sink has not
// taken then is Dropped "shutdown", and the error is a [*sink.LeftError]. When Shutdown is called more than once, the
// first ctx to end ends it for all. It does not shut the sink down.
func (c *Client) Shutdown(ctx context.Context) error {
	c.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel(context.Cause(ctx))
		c.linger()
	}
	return c.left()
}

// Close is Shutdown without a last attempt: what is there is given up.
func (c *Client) Close() error {
	c.giveUp.Store(true)
	c.cancel(errGivenUp)
	c.stop()
	c.linger()
	return c.left()
}

// stop closes the shards and tells the worker to end.
func (c *Client) stop() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	}
	c.mu.Lock()
	c.ending.Store(true)
	c.announce()
	c.mu.Unlock()
	c.timer.Stop()
	c.rouse()
}

// linger waits a little for the worker.
func (c *Client) linger() {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		c.giveUp.Store(true)
	}
}

// left accounts for what is left.
func (c *Client) left() error {
	c.abandon()
	c.cancel(errGivenUp)
	c.endNotices()
	c.report.end()
	name := c.name()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed[whyShutdown] == 0 {
		return nil
	}
	return &sink.LeftError{Name: name, Messages: c.failed[whyShutdown], Bytes: c.leftBytes}
}
