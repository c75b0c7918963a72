package metlog

import (
	"context"
	"errors"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// patience is how long the end waits for a Send that does not heed its context.
const patience = time.Second

// Flush returns nil when everything sent before it was called has been offered to the sink. The account says what the
// sink refused. An error is ctx's.
func (c *Client) Flush(ctx context.Context) error {
	ticket := make(chan struct{})
	c.mu.Lock()
	c.tickets = append(c.tickets, ticket)
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
// taken then is Dropped "shutdown", and the error is a [*sink.LeftError]. It does not shut the sink down.
func (c *Client) Shutdown(ctx context.Context) error {
	c.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel(context.Cause(ctx))
		c.linger(patience)
	}
	return c.left()
}

// Close is Shutdown without a last attempt: what is there is given up.
func (c *Client) Close() error {
	c.giveUp.Store(true)
	c.cancel(errGivenUp)
	c.stop()
	c.linger(patience)
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
	c.ending.Store(true)
	c.timer.Stop()
	c.mu.Lock()
	c.announce()
	c.mu.Unlock()
	c.rouse()
}

func (c *Client) linger(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
	}
}

// left says what was not sent.
func (c *Client) left() error {
	c.cancel(errors.New("metlog: closed"))
	c.report.end()
	a := c.Account()
	n := a.Dropped[reasonNames[shutdown]] + a.Held
	if n == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return &sink.LeftError{Name: a.Name, Messages: n, Bytes: c.leftBytes + a.HeldBytes}
}
