package sink

import (
	"context"
	"errors"

	"github.com/mozilla-services/metlog-go/envelope"
)

type failover struct {
	Counters
	name    string
	next    [2]Sink
	borrows bool
	scratch selections
}

// Failover sends to first, and to second what first did not take for a reason that is not permanent. Send returns nil when
// each message was taken by one of them. A message that neither took fails with both errors, joined. Its account's last
// error is first's also when second took the messages. Failover panics when one is nil.
func Failover(first, second Sink) Sink {
	must("Failover", "first", first)
	must("Failover", "second", second)
	return &failover{
		name:    leadsTo("failover", first, second),
		next:    [2]Sink{first, second},
		borrows: allBorrow(first, second),
	}
}

func (f *failover) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	err := f.next[0].Send(ctx, batch)
	if err != nil {
		f.Failed(err)
		err = f.sendSecond(ctx, batch, err)
	}
	return f.Sent(len(batch), err)
}

func (f *failover) sendSecond(ctx context.Context, batch []envelope.Message, first error) error {
	some := f.scratch.get()
	defer f.scratch.put(some)
	failed := collect(first, len(batch))
	for _, one := range failed {
		if !IsPermanent(one.Err) {
			some.add(&batch[one.Index], one.Index)
		}
	}
	if len(some.batch) == 0 {
		return first
	}
	second := some.failures(nil, f.next[1].Send(ctx, some.batch))
	left := failed[:0]
	for _, one := range failed {
		switch {
		case IsPermanent(one.Err):
			left = append(left, one)
		case len(second) > 0 && second[0].Index == one.Index:
			left = append(left, Failure{one.Index, errors.Join(one.Err, second[0].Err)})
			second = second[1:]
		}
	}
	return batchError(left)
}

func (f *failover) Account() Account { return f.Counters.Account(f.name) }
func (f *failover) Next() []Sink     { return []Sink{f.next[0], f.next[1]} }
func (f *failover) Borrows() bool    { return f.borrows }
