package sink

import (
	"context"
	"errors"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

type retry struct {
	Counters
	name    string
	next    Sink
	backoff Backoff
	giveUp  GiveUp
	borrows bool
	scratch selections
}

// Retry sends to next, and again what failed, until it is taken, hopeless ([Permanent] or [ErrClosed]), past giveUp, or ctx
// has ended. Only what failed is sent again; between attempts it waits as backoff says, or longer where next asked for that
// with [RetryAfter]. It is for a leaf without a [Queue] before it, since Send lasts as long as the retries
// do: Send returns nil when next has taken every message, else the last error of each that it has not, joined with ctx's
// when that ended the wait. Retry panics when next is nil or backoff or giveUp holds a negative value or Min above Max.
func Retry(next Sink, backoff Backoff, giveUp GiveUp) Sink {
	must("Retry", "next", next)
	if err := errors.Join(backoff.check(), giveUp.check()); err != nil {
		panic("sink: Retry: " + err.Error())
	}
	return &retry{name: leadsTo("retry", next), next: next, backoff: backoff, giveUp: giveUp, borrows: Borrows(next)}
}

func (r *retry) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	err := r.next.Send(ctx, batch)
	if err != nil {
		r.Failed(err)
		err = r.again(ctx, batch, err)
	}
	return r.Sent(len(batch), err)
}

// again sends what failed with err, over and over.
func (r *retry) again(ctx context.Context, batch []envelope.Message, err error) error {
	start := time.Now()
	waits := r.backoff.start()
	some := r.scratch.get()
	defer r.scratch.put(some)
	var final []Failure
	failed := collect(err, len(batch))
	for attempts := 1; ; attempts++ {
		waiting := failed[:0]
		for _, one := range failed {
			if hopeless(one.Err) {
				final = append(final, one)
				continue
			}
			waiting = append(waiting, one)
		}
		delay := max(waits.next(), RetryDelay(err))
		age := time.Since(start)
		if len(waiting) == 0 || r.giveUp.past(attempts, age) || r.giveUp.past(0, age+delay) {
			return settled(final, waiting, nil)
		}
		if ended := sleep(ctx, delay); ended != nil {
			return settled(final, waiting, ended)
		}
		some.reset()
		for _, one := range waiting {
			some.add(&batch[one.Index], one.Index)
		}
		err = r.next.Send(ctx, some.batch)
		failed = some.failures(waiting[:0], err)
	}
}

// settled returns the failures of both kinds, those that were waiting joined with what ended the wait.
func settled(final, waiting []Failure, ended error) error {
	for i := range waiting {
		if ended != nil {
			waiting[i].Err = errors.Join(waiting[i].Err, ended)
		}
	}
	failed := append(final, waiting...)
	sortFailures(failed)
	return batchError(failed)
}

// sleep waits for d or until ctx ends, whose cause it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *retry) Account() Account { return r.Counters.Account(r.name) }
func (r *retry) Next() []Sink     { return []Sink{r.next} }
func (r *retry) Borrows() bool    { return r.borrows }
