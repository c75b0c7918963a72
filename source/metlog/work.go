package metlog

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

const (
	sendCount = 1024 // about how many messages are sent at a time

	// eagerChunks is how many chunks are worth a wake-up before the interval is over. To wake a goroutine on an idle
	// processor takes its waker as long as a hundred messages.
	eagerChunks = 8
)

// rouse wakes the worker.
func (c *Client) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// expire is what the timer does.
func (c *Client) expire() {
	c.due.Store(true)
	c.rouse()
}

// work is the goroutine that sends.
func (c *Client) work() {
	defer close(c.done)
	var merged []envelope.Message
	for ended := false; !ended; {
		<-c.wake
		ended = c.ending.Load()
		c.mu.Lock()
		tickets := c.tickets
		c.tickets = nil
		c.mu.Unlock()
		if c.due.Swap(false) || ended || len(tickets) > 0 {
			c.armed.Store(false) // before looking: who comes later arms the timer again
			c.sweep()
			c.shrink()
		}
		merged = c.sendReady(merged)
		for _, t := range tickets {
			close(t)
		}
	}
}

// sweep makes everything in the shards ready.
func (c *Client) sweep() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		if s.chunk != nil && s.chunk.count > 0 {
			c.mu.Lock()
			c.hand(s)
			c.mu.Unlock()
		}
		s.mu.Unlock()
	}
}

// sendReady sends what is ready now. What becomes ready meanwhile has its own wake-up. Merged is memory for batches.
func (c *Client) sendReady(merged []envelope.Message) []envelope.Message {
	c.mu.Lock()
	left := len(c.ready)
	c.mu.Unlock()
	for left > 0 {
		chunks := c.board(left)
		if len(chunks) == 0 {
			break
		}
		left -= len(chunks)
		batch := chunks[0].messages[:chunks[0].count]
		if len(chunks) > 1 {
			merged = merge(merged[:0], chunks)
			batch = merged
		}
		c.settle(batch, c.offer(batch))
		clear(merged)
	}
	return merged
}

// board takes the next of the first most chunks that are ready, and puts them in flight. None are left when the client gave
// them up meanwhile.
func (c *Client) board(most int) []*chunk {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := together(c.ready[:min(most, len(c.ready))])
	c.inflight = append(c.inflight[:0], c.ready[:n]...)
	c.ready = slices.Delete(c.ready, 0, n)
	return c.inflight
}

// together returns how many of the first chunks to send at a time: one, which need not be copied then, or as many as it
// takes for those behind to be later, or as many as are small enough that one Send is better for them all.
func together(chunks []*chunk) (n int) {
	count := 0
	latest, end := int64(0), int64(0) // of all looked at, of the first n
	for i, ch := range chunks {
		if count += ch.count; i > 0 && count > sendCount {
			break
		}
		first, last := ch.span()
		latest = max(latest, last)
		if i == 0 || count <= chunkCount || first < end {
			n, end = i+1, latest
		}
	}
	return n
}

// errGivenUp is why nothing is offered after Close.
var errGivenUp = errors.New("metlog: closed before it was sent")

// offer sends a batch. A panic of the sink is its error.
func (c *Client) offer(batch []envelope.Message) (err error) {
	if c.giveUp.Load() {
		return errGivenUp
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("metlog: sink panicked: %s", textOf(thrown))
		}
	}()
	return c.to.Send(c.ctx, batch)
}

// settle counts what became of the batch in flight, and frees its memory.
func (c *Client) settle(batch []envelope.Message, err error) {
	lost, bytes := 0, 0
	last := err
	for i, e := range sink.Failures(err, len(batch)) {
		lost++
		bytes += len(batch[i].JSON())
		last = e
	}
	c.mu.Lock()
	if c.abandoned {
		c.mu.Unlock()
		return
	}
	ended := c.ctx.Err() != nil
	c.sent += uint64(len(batch) - lost)
	if last != nil {
		c.lastError = last
	}
	if ended {
		c.failed[whyShutdown] += uint64(lost)
		c.leftBytes += uint64(bytes)
	} else {
		c.failed[whyRefused] += uint64(lost)
	}
	for i, ch := range c.inflight {
		if !c.borrows {
			ch.memory = nil
		}
		c.release(ch)
		c.inflight[i] = nil
	}
	c.inflight = c.inflight[:0]
	c.mu.Unlock()
	if lost > 0 && !ended {
		c.report.refused(lost, last)
	}
}

// abandon drops everything that is still there, what is in flight included.
func (c *Client) abandon() {
	c.sweep()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abandoned = true
	for _, ch := range slices.Concat(c.inflight, c.ready) {
		c.failed[whyShutdown] += uint64(ch.count)
		c.leftBytes += uint64(ch.bytes())
	}
	c.inflight, c.ready = nil, nil // the memory may still be read
}
