package sink

import (
	"context"
	"path"
	"reflect"
	"runtime"

	"github.com/mozilla-services/metlog-go/envelope"
)

type each struct {
	Counters
	name string
	f    func(context.Context, envelope.Message) error
}

// Each makes a sink of a function that takes one message. It is called for every message of a batch, in order, also after
// it has failed for one; its errors become a [*BatchError]. Send returns nil when f has returned nil for every message. f
// must be safe for concurrent use, as a Send is, and may keep the message. Each panics when f is nil.
func Each(f func(context.Context, envelope.Message) error) Sink {
	must("Each", "function", f)
	name := "each"
	if fn := runtime.FuncForPC(reflect.ValueOf(f).Pointer()); fn != nil {
		name += " " + path.Base(fn.Name())
	}
	return &each{name: name, f: f}
}

func (e *each) Send(ctx context.Context, batch []envelope.Message) error {
	var failed []Failure
	for i := range batch {
		if err := e.f(ctx, batch[i]); err != nil {
			failed = append(failed, Failure{i, err})
		}
	}
	return e.Sent(len(batch), batchError(failed))
}

func (e *each) Account() Account { return e.Counters.Account(e.name) }
