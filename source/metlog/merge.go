package metlog

import (
	"math"

	"github.com/mozilla-services/metlog-go/envelope"
)

// span returns the times of the first and the last message of a chunk.
func (ch *chunk) span() (first, last int64) {
	return timeOf(&ch.messages[0]), timeOf(&ch.messages[ch.count-1])
}

func timeOf(m *envelope.Message) int64 { return m.Meta().Received.UnixNano() }

// A queue is a chunk that is being merged with others.
type queue struct {
	rest []envelope.Message
	time int64 // of the first
}

// merge appends the messages of chunks to dst in the order of their times. Those of one chunk stay in theirs.
func merge(dst []envelope.Message, chunks []*chunk) []envelope.Message {
	var array [8]queue
	queues := array[:0]
	for _, ch := range chunks {
		queues = append(queues, queue{ch.messages[:ch.count], timeOf(&ch.messages[0])})
	}
	for len(queues) > 0 {
		first, next := 0, int64(math.MaxInt64) // the time of the first message in any other queue
		for i := 1; i < len(queues); i++ {
			if t := queues[i].time; t < queues[first].time {
				first, next = i, queues[first].time
			} else {
				next = min(next, t)
			}
		}
		q := &queues[first]
		n := 1
		for n < len(q.rest) {
			if q.time = timeOf(&q.rest[n]); q.time > next {
				break
			}
			n++
		}
		dst = append(dst, q.rest[:n]...)
		if q.rest = q.rest[n:]; len(q.rest) == 0 {
			queues = append(queues[:first], queues[first+1:]...)
		}
	}
	return dst
}
