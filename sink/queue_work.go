package sink

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A flight is what the worker sends to next. Its messages belong to the worker until it has settled them.
type flight struct {
	messages []envelope.Message
	notes    []note
	start    int // in work
	bytes    int
}

const forever = time.Duration(math.MaxInt64)

// run is the worker. What is given up it leaves to a goroutine that lasts as long as a Send of DeadLetter, which may hang.
func (q *Queue) run() {
	defer close(q.stopped)
	var burial sync.WaitGroup
	defer burial.Wait()
	for {
		q.mu.Lock()
		if q.state >= leaving || q.state == draining && q.held() == 0 {
			q.mu.Unlock()
			return
		}
		now := q.now()
		q.asleep = false
		switch {
		case q.dying.due(now) && !q.burying:
			g := q.takeOff(&q.dying)
			q.burying = true
			q.mu.Unlock()
			burial.Go(func() { q.bury(q.sending, g) })
		case now >= q.blocked && q.aside.due(now) && (!q.ready(now) || !q.down && !q.asided):
			g := q.takeOff(&q.aside)
			g.attempted(now)
			q.asided = true
			q.mu.Unlock()
			q.settleGroup(g, try(q.sending, q.next, g.messages))
		case now >= q.blocked && q.ready(now):
			q.board(now)
			q.asided = false
			f := q.flight
			q.mu.Unlock()
			q.settle(f, try(q.sending, q.next, f.messages))
		case q.tooLate(now) && q.options.DeadLetter == nil:
			q.mu.Unlock()
			return
		case q.tooLate(now):
			q.condemnAll()
			q.mu.Unlock()
		default:
			until := q.sleepUntil(now)
			q.asleep = true
			q.mu.Unlock()
			q.sleep(until)
		}
	}
}

// try sends, and makes a panic an error.
func try(ctx context.Context, s Sink, batch []envelope.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sink: Send panicked: %v", p)
		}
	}()
	return s.Send(ctx, batch)
}

// ready reports whether there is a batch to send: a full one, an old one, or any when there is need of room or the queue
// drains. The caller holds mu.
func (q *Queue) ready(now time.Duration) bool {
	n := q.work.len() + q.pending.len()
	if n == 0 || q.options.BatchAge == 0 || q.state != open || len(q.waiters) > 0 {
		return n > 0
	}
	bytes := q.work.bytes + q.pending.bytes
	return n >= q.options.BatchMessages || bytes-n*perMessage >= q.options.BatchBytes ||
		n >= q.options.MaxMessages/2 || bytes >= q.options.MaxBytes/2 || now >= q.oldest()+q.options.BatchAge
}

// oldest is when the message at the head was accepted. The caller holds mu.
func (q *Queue) oldest() time.Duration {
	if q.work.len() > 0 {
		return q.work.notes[q.work.head].accepted
	}
	return q.pending.notes[q.pending.head].accepted
}

// sleepUntil is when there is something to do, unless something comes in first. The caller holds mu.
func (q *Queue) sleepUntil(now time.Duration) time.Duration {
	if len(q.dying.sorted) > 0 && !q.burying {
		return min(q.due(now), q.dying.sorted[0].due)
	}
	return q.due(now)
}

// due is when next may be sent something of what there is. The caller holds mu.
func (q *Queue) due(now time.Duration) time.Duration {
	until := forever
	if len(q.aside.sorted) > 0 {
		until = max(q.blocked, q.aside.sorted[0].due)
	}
	if q.work.len()+q.pending.len() > 0 {
		due := q.blocked
		if !q.ready(now) {
			due = max(due, q.oldest()+q.options.BatchAge)
		}
		until = min(until, due)
	}
	return until
}

func (q *Queue) sleep(until time.Duration) {
	if until == forever {
		<-q.wake
		return
	}
	timer := time.NewTimer(until - q.now())
	defer timer.Stop()
	select {
	case <-q.wake:
	case <-timer.C:
	}
}

// board takes the next batch from the line. The caller holds mu.
func (q *Queue) board(now time.Duration) {
	if q.work.len() == 0 {
		q.work.reset()
		q.work, q.pending = q.pending, q.work
	}
	l := &q.work
	text, bytes, n := 0, 0, 0
	for n < min(q.limit, l.len()) {
		size := len(l.messages[l.head+n].JSON())
		if n > 0 && text+size > q.options.BatchBytes {
			break
		}
		text += size
		bytes += size + perMessage
		l.notes[l.head+n].attempted(now)
		n++
	}
	end := l.head + n
	q.flight = flight{messages: l.messages[l.head:end], notes: l.notes[l.head:end], start: l.head, bytes: bytes}
	l.head = end
	l.bytes -= bytes
}

// takeOff takes the first group out and into the air. The caller holds mu.
func (q *Queue) takeOff(from *groups) *group {
	g := from.take()
	q.air = append(q.air, g)
	return g
}

func (n *note) attempted(now time.Duration) {
	if n.attempts == 0 {
		n.first = now
	}
	n.attempts++
}

func (g *group) attempted(now time.Duration) {
	g.tried = now
	for i := range g.notes {
		g.notes[i].attempted(now)
	}
}
