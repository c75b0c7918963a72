package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/mozilla-services/metlog-go/internal/deadletter"
)

// bury gives g to DeadLetter. What DeadLetter does not take waits to be given again. It reports whether anything was taken.
func (q *Queue) bury(ctx context.Context, g *group) bool {
	letters, failed := q.write(g)
	if len(letters.batch) > 0 {
		err := try(ctx, q.options.DeadLetter, letters.batch)
		failed = letters.failures(failed, err)
	}
	var again []int
	var errs, whys []error
	for _, f := range failed {
		errs = append(errs, f.Err)
		if !hopeless(f.Err) {
			again = append(again, f.Index)
			whys = append(whys, g.errs[f.Index])
		}
	}
	taken := g.len() - len(failed)

	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.land(g) {
		return false
	}
	q.burying = false
	q.nudge()
	q.drop(taken, "deadletter")
	q.drop(len(failed)-len(again), "undeliverable")
	if len(errs) > 0 {
		q.books.LastError = fmt.Errorf("dead letter: %w", errs[len(errs)-1])
	}
	if len(again) > 0 {
		rest, tried := pick(g.line, again), g.tried
		rest.errs, rest.waits = whys, g.waits
		rest.due = q.after(rest, errors.Join(errs...))
		rest.tried = tried // the attempts to deliver it are over
		q.bytes += rest.bytes
		q.dying.insert(rest)
	}
	q.roomed()
	return taken > 0
}

// write makes the letters for g, and the failures of those that cannot be written.
func (q *Queue) write(g *group) (letters selection, failed []Failure) {
	for i := range g.messages {
		n := g.notes[i]
		letter, err := deadletter.Wrap(&g.messages[i], deadletter.Reason{
			Sink: q.name, Err: g.errs[i], Attempts: n.attempts, First: q.epoch.Add(n.first), Last: q.epoch.Add(g.tried),
		})
		if err != nil {
			failed = append(failed, Failure{i, Permanent(err)})
			continue
		}
		letters.add(&letter, i)
	}
	return letters, failed
}

var (
	errUndelivered = errors.New("sink: shut down before it was delivered")
	errUntried     = errors.New("sink: shut down before it was ever tried")
)

// buryAll gives everything that is left to DeadLetter, each message once. The worker has ended, or is in a Send that does
// not heed its context; what it is sending then stays where it is.
func (q *Queue) buryAll(ctx context.Context) {
	q.mu.Lock()
	q.condemnAll()
	n := len(q.dying.sorted)
	q.mu.Unlock()
	for range n {
		q.mu.Lock()
		if q.state == ended { // a Send that hung has come back too late
			q.mu.Unlock()
			return
		}
		g := q.takeOff(&q.dying)
		q.mu.Unlock()
		if !q.bury(ctx, g) && ctx.Err() != nil {
			return
		}
	}
}

// condemnAll gives up everything that is not in the air, and makes its burial due. The caller holds mu.
func (q *Queue) condemnAll() {
	undelivered, untried := errUndelivered, errUntried
	if last := q.books.LastError; last != nil { // which may be about another message
		undelivered = fmt.Errorf("%w; the queue's last error: %w", errUndelivered, last)
		untried = fmt.Errorf("%w; the queue's last error: %w", errUntried, last)
	}
	for len(q.aside.sorted) > 0 {
		q.condemn(q.aside.take(), undelivered, untried)
	}
	for _, l := range []*line{&q.work, &q.pending} {
		for l.len() > 0 {
			q.condemn(l.cut(q.options.BatchMessages), undelivered, untried)
		}
	}
	q.dying.hurry(q.now(), q.options.Backoff)
}

// condemn gives up g, whose messages have been tried or not. The caller holds mu.
func (q *Queue) condemn(g *group, undelivered, untried error) {
	g.errs = make([]error, g.len())
	for i := range g.errs {
		g.errs[i] = undelivered
		if g.notes[i].attempts == 0 {
			g.errs[i] = untried
		}
	}
	if g.tried == 0 {
		g.tried = q.tried
	}
	q.dying.insert(g)
}

// cut moves up to n messages from the head of l into a group, without copying them.
func (l *line) cut(n int) *group {
	n = min(n, l.len())
	g := &group{line: line{messages: l.messages[l.head : l.head+n : l.head+n], notes: l.notes[l.head : l.head+n : l.head+n]}}
	for i := range g.messages {
		g.bytes += charge(&g.messages[i])
	}
	l.head += n
	l.bytes -= g.bytes
	return g
}
