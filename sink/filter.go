package sink

import (
	"context"

	"github.com/mozilla-services/metlog-go/envelope"
)

type filter struct {
	Counters
	name    string
	next    Sink
	keep    func(*envelope.Message) bool
	borrows bool
	scratch selections
}

// Filter sends on to next the messages that keep is true for. The others are accepted and gone: its account says Dropped
// "filtered". keep is called once a message; it must be safe for concurrent use and must not hold on to the message it is
// shown. Send returns nil when next has taken every message kept. Filter panics when next or keep is nil.
func Filter(next Sink, keep func(*envelope.Message) bool) Sink {
	must("Filter", "next", next)
	must("Filter", "keep", keep)
	return &filter{name: leadsTo("filter", next), next: next, keep: keep, borrows: Borrows(next)}
}

func (f *filter) Send(ctx context.Context, batch []envelope.Message) error {
	for i := range batch {
		if !f.keep(&batch[i]) {
			return f.sendSome(ctx, batch, i)
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return f.Sent(len(batch), f.next.Send(ctx, batch))
}

// sendSome sends what is kept of batch, where kept messages come before the first that is not.
func (f *filter) sendSome(ctx context.Context, batch []envelope.Message, kept int) error {
	some := f.scratch.get()
	defer f.scratch.put(some)
	for i := range batch {
		if i < kept || i > kept && f.keep(&batch[i]) {
			some.add(&batch[i], i)
		}
	}
	f.Drop(len(batch)-len(some.batch), "filtered", nil)
	if len(some.batch) == 0 {
		return nil
	}
	err := f.next.Send(ctx, some.batch)
	_ = f.Sent(len(some.batch), err)
	if err == nil {
		return nil
	}
	return batchError(some.failures(nil, err))
}

func (f *filter) Account() Account { return f.Counters.Account(f.name) }
func (f *filter) Next() []Sink     { return []Sink{f.next} }
func (f *filter) Borrows() bool    { return f.borrows }
