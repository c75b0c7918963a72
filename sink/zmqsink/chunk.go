package zmqsink

import (
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/zmqsocket"
)

// maxChunk is about how many bytes are handed to libzmq at a time.
const maxChunk = 256 << 10

// A chunk is the part of a batch that goes to libzmq at a time. Its memory is used again.
type chunk struct {
	texts   []string
	indexes []int // of texts, in the batch
	ends    []int // of the frames, in texts
	next    int   // index of the first message of the batch that comes after
}

// fill makes c the frames for the messages of batch from first on, as many as go at a time. It leaves out those that
// cannot be sent. It returns where the next chunk begins and how many were left out.
func (c *chunk) fill(batch []envelope.Message, first int, o *Options) (next, refused int) {
	c.reset()
	frame, total := 0, 0
	for next = first; next < len(batch); next++ {
		text := batch[next].JSON()
		if o.refusal(text) != nil {
			refused++
			continue
		}
		if len(c.ends) > 0 && frame+1+len(text) <= o.FrameBytes {
			frame += 1 + len(text)
		} else if len(c.ends) == zmqsocket.MaxFrames || total >= maxChunk {
			break
		} else {
			c.ends = append(c.ends, 0)
			frame = len(text)
		}
		c.texts = append(c.texts, text)
		c.indexes = append(c.indexes, next)
		c.ends[len(c.ends)-1] = len(c.texts)
		total += len(text)
	}
	c.next = next
	return next, refused
}

// index returns the index of the first message of the batch that is not in the first frames of c.
func (c *chunk) index(frames int) int {
	texts := 0
	if frames > 0 {
		texts = c.ends[frames-1]
	}
	if texts == len(c.texts) {
		return c.next
	}
	return c.indexes[texts]
}

// reset lets go of the batch.
func (c *chunk) reset() {
	clear(c.texts)
	c.texts, c.indexes, c.ends = c.texts[:0], c.indexes[:0], c.ends[:0]
}
