package sourcetest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A recorder is a sink that keeps what it is offered, whether it takes it or not.
type recorder struct {
	refuse func(text string) error // nil: takes everything
	during func(context.Context)   // nil: nothing; called in every Send after it has read the batch

	mu      sync.Mutex
	offered []record
	changed bool // a batch changed during its Send
}

// A record is one message as it was offered, and its text as it was then.
type record struct {
	message envelope.Message
	text    string
	dead    error // of Send's context on arrival
}

func (r *recorder) Send(ctx context.Context, batch []envelope.Message) error {
	dead := ctx.Err()
	before := texts(batch)
	r.mu.Lock()
	for i := range batch {
		r.offered = append(r.offered, record{batch[i], before[i], dead})
	}
	r.mu.Unlock()
	if r.during != nil {
		r.during(ctx)
	}
	if !slices.Equal(before, texts(batch)) {
		r.mu.Lock()
		r.changed = true
		r.mu.Unlock()
	}
	var failed []sink.Failure
	for i := range batch {
		if r.refuse == nil {
			break
		}
		if err := r.refuse(before[i]); err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}

// texts returns copies of the messages' JSON.
func texts(batch []envelope.Message) []string {
	out := make([]string, len(batch))
	for i := range batch {
		out[i] = strings.Clone(batch[i].JSON())
	}
	return out
}

// records returns what was offered so far.
func (r *recorder) records() []record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.offered)
}

// has returns a condition: at least n messages were offered.
func (r *recorder) has(n int) func() bool {
	return func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.offered) >= n
	}
}
