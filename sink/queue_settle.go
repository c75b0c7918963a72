package sink

import (
	"errors"
	"slices"
	"time"
)

// A verdict is what an attempt means for the messages it was made with.
type verdict struct {
	done  int
	again []int   // places of those to be sent again
	lost  []int   // places of those to be given up
	errs  []error // why, for each of lost
	last  error
}

func (q *Queue) judge(err error, notes []note) verdict {
	v := verdict{done: len(notes)}
	if err == nil {
		return v
	}
	now := q.now()
	for i, e := range Failures(err, len(notes)) {
		v.done--
		v.last = e
		if hopeless(e) || q.options.GiveUp.past(notes[i].attempts, now-notes[i].accepted) {
			v.lost = append(v.lost, i)
			v.errs = append(v.errs, e)
		} else {
			v.again = append(v.again, i)
		}
	}
	return v
}

// settle ends f, the flight that was sent from the line.
func (q *Queue) settle(f flight, err error) {
	v := q.judge(err, f.notes)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state == ended {
		return // it was counted then
	}
	q.flight = flight{}
	q.bytes -= f.bytes
	sent := line{messages: f.messages, notes: f.notes}
	q.apply(v, sent)
	whole := v.done == 0 && len(v.again) > 0
	switch {
	case whole && q.state < leaving && !q.poison(len(f.messages)): // else buryAll may be at the line
		q.putBack(f, v.again)
	case len(v.again) > 0:
		g := pick(sent, v.again)
		g.waits = q.options.Backoff.start()
		q.setAside(g, err)
		clear(f.messages)
	default:
		clear(f.messages)
	}
	q.pace(whole, len(f.messages), err)
	q.roomed()
}

// maxAlone is how often in a row the message at the head may fail by itself before those behind it are tried.
const maxAlone = 3

// poison reports whether a whole flight of n messages that failed is one message that blocks the rest. When next is down
// rather than the message bad, setting it aside costs no more than its place. The caller holds mu.
func (q *Queue) poison(n int) bool {
	if n > 1 {
		return false
	}
	q.alone = (q.alone + 1) % maxAlone
	return q.alone == 0
}

// pace decides when the next flight leaves, and how large it may be. The caller holds mu.
func (q *Queue) pace(failed bool, n int, err error) {
	if failed {
		q.tried = q.now()
		q.blocked = later(q.tried, max(q.waits.next(), RetryDelay(err)))
		q.limit = max(1, n/2)
	} else if q.down || q.limit < q.options.BatchMessages {
		q.alone = 0
		q.waits = q.options.Backoff.start()
		q.limit = min(2*q.limit, q.options.BatchMessages)
	}
	q.down = failed
}

// settleGroup ends the attempt with a group that had been set aside.
func (q *Queue) settleGroup(g *group, err error) {
	v := q.judge(err, g.notes)
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.land(g) {
		return
	}
	q.apply(v, g.line)
	if len(v.again) > 0 {
		rest := g
		if len(v.again) < g.len() {
			rest = pick(g.line, v.again)
			rest.waits = g.waits
		}
		q.setAside(rest, err)
	}
	q.roomed()
}

// land takes g out of the air, where it was held. It reports false when the queue has ended meanwhile and counted g. The
// caller holds mu.
func (q *Queue) land(g *group) bool {
	if q.state == ended {
		return false
	}
	i := slices.Index(q.air, g)
	q.air = slices.Delete(q.air, i, i+1)
	q.bytes -= g.bytes
	return true
}

// apply counts what is done and gives up what is lost. The caller holds mu.
func (q *Queue) apply(v verdict, sent line) {
	q.books.Done += uint64(v.done)
	if v.last != nil {
		q.books.LastError = v.last
	}
	if len(v.lost) == 0 {
		return
	}
	if q.options.DeadLetter == nil {
		for _, err := range v.errs {
			q.drop(1, lossReason(err))
		}
		return
	}
	g := pick(sent, v.lost)
	g.errs, g.waits, g.tried = v.errs, q.options.Backoff.start(), q.now()
	g.due = g.tried
	q.bytes += g.bytes
	q.dying.insert(g)
}

func lossReason(err error) string {
	switch {
	case !hopeless(err):
		return "gaveup"
	case errors.Is(err, ErrClosed):
		return "closed"
	}
	return "permanent"
}

// putBack returns to the head of the line what is to be sent again, without what keeps alive that which is not. Since the
// flight left, the line may have lost some of what stood behind it, never gained. The caller holds mu.
func (q *Queue) putBack(f flight, again []int) {
	w := &q.work
	bytes := 0
	for to, from := range again {
		f.messages[to], f.notes[to] = f.messages[from], f.notes[from]
		if len(again) < len(f.messages) {
			f.messages[to] = f.messages[to].Clone()
		}
		bytes += charge(&f.messages[to])
	}
	head := w.head - len(again)
	copy(w.messages[head:w.head], f.messages[:len(again)])
	copy(w.notes[head:w.head], f.notes[:len(again)])
	clear(w.messages[f.start:head])
	w.head = head
	w.bytes += bytes
	q.bytes += bytes
}

// setAside makes g wait by itself. The caller holds mu.
func (q *Queue) setAside(g *group, err error) {
	g.due = q.after(g, err)
	q.bytes += g.bytes
	q.aside.insert(g)
}

// after is when g is due again, having failed with err.
func (q *Queue) after(g *group, err error) time.Duration {
	g.tried = q.now()
	return later(g.tried, max(g.waits.next(), RetryDelay(err)))
}

// later is now + wait, however long a wait was asked for.
func later(now, wait time.Duration) time.Duration { return now + min(wait, forever-now-1) }
