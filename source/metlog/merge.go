package metlog

import "github.com/mozilla-services/metlog-go/envelope"

// A queue is a chunk that is being merged with others.
type queue struct {
	rest []envelope.Message
	time int64 // of the first
}

func (q *queue) look() {
	if len(q.rest) > 0 {
		q.time = q.rest[0].Meta().Received.UnixNano()
	}
}

// merge appends the messages of chunks to dst in the order of their times. Those of one chunk stay in theirs.
func merge(dst []envelope.Message, chunks []*chunk) []envelope.Message {
	var array [8]queue
	queues := array[:0]
	for _, ch := range chunks {
		q := queue{rest: ch.messages[:ch.count]}
		q.look()
		queues = append(queues, q)
	}
	for len(queues) > 0 {
		first := 0
		for i := range queues {
			if queues[i].time < queues[first].time {
				first = i
			}
		}
		q := &queues[first]
		dst = append(dst, q.rest[0])
		if q.rest = q.rest[1:]; len(q.rest) > 0 {
			q.look()
		} else {
			queues = append(queues[:first], queues[first+1:]...)
		}
	}
	return dst
}
