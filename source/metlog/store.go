package metlog

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
)

const (
	slabBytes    = 64 << 10 // of text in a chunk
	chunkCount   = 256      // messages in a chunk
	chunkBytes   = slabBytes + chunkCount*136
	headroom     = 4 << 10       // left in a chunk for what is not counted
	largeMessage = slabBytes / 2 // from here on a message has memory of its own
	maxMessage   = 1 << 20       // what a Parser takes
)

// A chunk is memory for messages and the messages in it.
type chunk struct {
	memory   []byte
	used     int // of memory
	count    int // of messages
	own      int // of bytes, outside memory
	messages [chunkCount]envelope.Message
}

func (ch *chunk) fits(size int) bool {
	return ch != nil && ch.count < chunkCount && cap(ch.memory)-ch.used >= size+headroom
}

// bytes is how long the texts of all messages are.
func (ch *chunk) bytes() int { return ch.used + ch.own }

// text is the memory in use.
func (ch *chunk) text() []byte { return ch.memory[:ch.used] }

// last is the place of the next message.
func (ch *chunk) last() *envelope.Message { return &ch.messages[ch.count] }

// A store is the client's memory, and the books of what has left the shards. Its lock may be taken under a shard's.
type store struct {
	mu        sync.Mutex
	room      int // bytes that may still be taken
	free      []*chunk
	unused    int           // fewest chunks in free since the last sweep
	ready     []*chunk      // to be sent, in their order
	inflight  []*chunk      // being sent
	freed     chan struct{} // closed when there is room again; nil while nobody waits
	starved   atomic.Bool   // a chunk was wanted and there was none
	tickets   []chan struct{}
	abandoned bool // nothing is counted as sent any more

	sent      uint64
	failed    [reasons]uint64
	lastError error
	leftBytes uint64 // of what was dropped at the end
}

// take returns a chunk with room for size, on the memory rest if that suffices. Nil means that all memory is in use.
func (st *store) take(rest []byte, size int) *chunk {
	var ch *chunk
	if n := len(st.free); n > 0 {
		ch, st.free = st.free[n-1], st.free[:n-1]
		st.unused = min(st.unused, n-1)
	} else {
		if st.room < chunkBytes {
			st.starved.Store(true)
			return nil
		}
		st.room -= chunkBytes
		ch = new(chunk)
	}
	switch {
	case cap(rest) >= size+headroom:
		ch.memory = rest
	case ch.memory == nil:
		ch.memory = make([]byte, 0, slabBytes)
	}
	return ch
}

// release takes a chunk back that nobody uses.
func (st *store) release(ch *chunk) {
	st.room += ch.own
	if ch.memory == nil || ch.own > 0 { // else they point to the chunk's own memory, and keep nothing else alive
		clear(ch.messages[:ch.count])
	}
	ch.used, ch.count, ch.own = 0, 0, 0
	st.free = append(st.free, ch)
	st.announce()
}

// discard leaves a free chunk to the garbage collector.
func (st *store) discard() {
	last := len(st.free) - 1
	st.free[last] = nil
	st.free = st.free[:last]
	st.room += chunkBytes
}

// shrink discards a chunk if there was one that nobody needed since the last time.
func (st *store) shrink() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.unused > 0 && len(st.free) > 0 {
		st.discard()
	}
	st.unused = len(st.free)
}

// announce tells those that wait that there is room.
func (st *store) announce() {
	st.starved.Store(false)
	if st.freed != nil {
		close(st.freed)
		st.freed = nil
	}
}

// reserve takes n bytes from the room for a message with memory of its own.
func (st *store) reserve(n int) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	for st.room < n && len(st.free) > 0 {
		st.discard()
	}
	if st.room < n {
		return false
	}
	st.room -= n
	return true
}

func (st *store) unreserve(n int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.room += n
	st.announce()
}

// await waits until there may be room for n bytes. It reports false when ctx ends first; one that is nil never does.
func (c *Client) await(ctx context.Context, n int) bool {
	if ctx == nil {
		ctx = context.Background()
	}
	c.mu.Lock()
	if c.room >= n || len(c.free) > 0 || c.ending.Load() {
		c.mu.Unlock()
		return true
	}
	if c.freed == nil {
		c.freed = make(chan struct{})
	}
	freed := c.freed
	c.mu.Unlock()
	select {
	case <-freed:
		return true
	case <-ctx.Done():
		return false
	}
}
