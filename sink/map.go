package sink

import (
	"context"

	"github.com/mozilla-services/metlog-go/envelope"
)

type mapper struct {
	Counters
	name    string
	next    Sink
	f       func(envelope.Message) (envelope.Message, error)
	borrows bool
	scratch selections
}

// Map sends on to next what f makes of each message, such as a redacted copy. An error of f is that message's failure, and
// the others go on; mark it [Permanent] when the same message would fail again. f must be safe for concurrent use and must
// not hold on to the message it is given. Send returns nil when f made something of every message and next has taken it.
// Map panics when next or f is nil.
func Map(next Sink, f func(envelope.Message) (envelope.Message, error)) Sink {
	must("Map", "next", next)
	must("Map", "function", f)
	return &mapper{name: leadsTo("map", next), next: next, f: f, borrows: Borrows(next)}
}

func (m *mapper) Send(ctx context.Context, batch []envelope.Message) error {
	made := m.scratch.get()
	defer m.scratch.put(made)
	var failed []Failure
	for i := range batch {
		message, err := m.f(batch[i])
		if err != nil {
			failed = append(failed, Failure{i, err})
			continue
		}
		made.add(&message, i)
	}
	if len(made.batch) > 0 {
		unmade := len(failed)
		failed = made.failures(failed, m.next.Send(ctx, made.batch))
		if unmade > 0 && unmade < len(failed) {
			sortFailures(failed)
		}
	}
	return m.Sent(len(batch), batchError(failed))
}

func (m *mapper) Account() Account { return m.Counters.Account(m.name) }
func (m *mapper) Next() []Sink     { return []Sink{m.next} }
func (m *mapper) Borrows() bool    { return m.borrows }
