package metlog

import (
	"context"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A shard is where the goroutines of one processor, more or less, write their messages. There is a fixed number of them.
type shard struct {
	mu      sync.Mutex
	closed  bool
	encoder *envelope.Encoder
	chunk   *chunk // nil until the next message
	rest    []byte // what is left of the last chunk's memory
	offered uint64
	dropped [reasons]uint64

	_ [64]byte // the next one's lock is on a cache line of its own
}

// A reason is why a message was dropped.
type reason int

const (
	whySampled reason = iota
	whyFiltered
	whyFull
	whyClosed
	whyRefused
	whyShutdown
	whyValues
	whyNumber
	whyLarge
	whyLimited
	whyNil
	reasons
)

var reasonNames = [reasons]string{
	"sampled", "filtered", "full", "closed", "refused", "shutdown", "values", "number", "large", "limited", "nil",
}

// drop counts a message that was counted as offered.
func (s *shard) drop(why reason) { s.dropped[why]++ }

// drop counts one message that never reaches a shard.
func (c *Client) drop(why reason) {
	s := c.pick()
	s.mu.Lock()
	s.offered++
	s.drop(why)
	c.put(s)
}

func (c *Client) pick() *shard { return c.hint.Get().(*shard) } //nolint:forcetypeassert // nothing else is put there

// put unlocks a shard and gives it back.
func (c *Client) put(s *shard) {
	s.mu.Unlock()
	c.hint.Put(s)
}

// open returns a shard, locked, with room for a message of about size bytes, which it counts as offered. Nil means that
// there is none and that the message was dropped, which is the caller's to notice.
func (c *Client) open(ctx context.Context, size int) *shard {
	s := c.pick()
	s.mu.Lock()
	s.offered++
	if !s.closed && s.chunk.fits(size) {
		return s
	}
	return c.openSlowly(ctx, s, size)
}

func (c *Client) openSlowly(ctx context.Context, s *shard, size int) *shard {
	for waited := true; ; {
		switch {
		case s.closed:
			s.drop(whyClosed)
		case s.chunk.fits(size) || c.turn(s, size):
			return s
		case c.options.Full == Drop || !waited:
			s.drop(whyFull)
		default:
			s.offered-- // nobody holds it while it waits
			s.mu.Unlock()
			waited = c.await(ctx, chunkBytes)
			s.mu.Lock()
			s.offered++
			continue
		}
		c.put(s)
		return nil
	}
}

// turn gives s a chunk with room for size, and hands the one it had on to be sent. It reports false when all memory is
// in use.
func (c *Client) turn(s *shard, size int) bool {
	if s.chunk == nil && c.starved.Load() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.chunk != nil {
		c.hand(s)
	}
	s.chunk = c.take(s.rest, size)
	s.rest = nil
	if len(c.ready) >= c.eager || s.chunk == nil {
		c.rouse()
	}
	return s.chunk != nil
}

// hand moves the chunk of a shard to those that are ready to be sent.
func (c *Client) hand(s *shard) {
	ch := s.chunk
	s.chunk = nil
	if ch.count == 0 {
		c.release(ch)
		return
	}
	if !c.borrows && cap(ch.memory)-ch.used >= slabBytes/4 {
		s.rest = ch.memory[ch.used:cap(ch.memory)]
	}
	c.ready = append(c.ready, ch)
}

// commit keeps the message of type typ that was encoded after the last one of s, the text of which ends b, and unlocks s.
func (c *Client) commit(ctx context.Context, s *shard, typ string, b []byte) {
	if s.encoder.Replaced() {
		c.damage(typ, replaced)
	}
	ch := s.chunk
	if cap(b) != cap(ch.memory) {
		c.detach(ctx, s, len(b)-ch.used)
		return
	}
	first := ch.count == 0
	ch.count++
	ch.used = len(b)
	c.put(s)
	if first {
		c.arm()
	}
}

// detach is commit for a message of n bytes that did not fit: it was encoded elsewhere, with a copy of all before it.
func (c *Client) detach(ctx context.Context, s *shard, n int) {
	m := *s.chunk.last()
	*s.chunk.last() = envelope.Message{}
	if n > maxMessage {
		s.drop(whyLarge)
		c.put(s)
		c.notice(whyLarge, m.Type())
		return
	}
	s.offered-- // by the way it came
	c.put(s)
	c.insert(ctx, &m)
}

// insert offers a message that goes into a shard with memory of its own.
func (c *Client) insert(ctx context.Context, m *envelope.Message) {
	n := len(m.JSON())
	if !c.reserveWait(ctx, n) {
		c.noticeFull(m.Type())
		return
	}
	if s := c.open(ctx, 0); s != nil {
		c.keep(s, m.Clone())
	} else {
		c.unreserve(n)
		c.noticeFull(m.Type())
	}
}

// reserveWait reserves n bytes of memory, or counts a message that was dropped.
func (c *Client) reserveWait(ctx context.Context, n int) bool {
	for !c.reserve(n) {
		switch {
		case c.ending.Load():
			c.drop(whyClosed)
			return false
		case c.options.Full == Drop || !c.await(ctx, n):
			c.drop(whyFull)
			return false
		}
	}
	return true
}

// keep adds a message with memory of its own, for which there is a reservation, and unlocks s.
func (c *Client) keep(s *shard, m envelope.Message) {
	ch := s.chunk
	first := ch.count == 0
	*ch.last() = m
	ch.count++
	ch.own += len(m.JSON())
	c.put(s)
	if first {
		c.arm()
	}
}

// arm sees to it that what is in the shards is sent an interval from now.
func (c *Client) arm() {
	if !c.armed.Load() && c.armed.CompareAndSwap(false, true) {
		c.timer.Reset(c.options.FlushInterval)
	}
}
