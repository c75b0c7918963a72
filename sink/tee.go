package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/mozilla-services/metlog-go/envelope"
)

type tee struct {
	Counters
	name    string
	next    []Sink
	borrows bool
}

// Tee sends every batch to each of next, one after another in their order, also after one has failed. Send returns nil when
// all have taken every message; else the failures of all of them, a message that failed in several with its errors joined.
// Who sends again what failed sends it to those again that had taken it. Tee of none is [Discard], Tee of one is that one.
// It panics when one is nil.
func Tee(next ...Sink) Sink {
	for i, s := range next {
		must("Tee", fmt.Sprintf("sink %d", i), s)
	}
	switch len(next) {
	case 0:
		return Discard
	case 1:
		return next[0]
	}
	next = slices.Clone(next)
	return &tee{name: leadsTo("tee", next...), next: next, borrows: allBorrow(next...)}
}

func (t *tee) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	var failed error
	for _, s := range t.next {
		if err := s.Send(ctx, batch); err != nil {
			failed = both(failed, err, len(batch))
		}
	}
	return t.Sent(len(batch), failed)
}

// both returns the union of two errors, err not nil, that Sends of the same n messages returned.
func both(before, err error, n int) error {
	if before == nil {
		return err
	}
	return batchError(union(collect(before, n), collect(err, n)))
}

func collect(err error, n int) []Failure {
	var failed []Failure
	for i, e := range Failures(err, n) {
		failed = append(failed, Failure{i, e})
	}
	return failed
}

func (t *tee) Account() Account { return t.Counters.Account(t.name) }
func (t *tee) Next() []Sink     { return slices.Clone(t.next) }
func (t *tee) Borrows() bool    { return t.borrows }
