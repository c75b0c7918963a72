package sink

import (
	"context"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A Sink accepts messages.
//
//   - Send may be called concurrently. The slice is borrowed for the call and must not be changed; the messages in it may
//     be kept (but see [Borrower]).
//   - nil means that every message of the batch has reached the level that this sink's documentation names: sent,
//     acknowledged, written, synced, queued. The return is the acknowledgement.
//   - An error means that at least one has not. A [*BatchError] says which and why; any other error means all of them.
//     [Failures] reads both.
//   - ctx bounds waiting, and only waiting: a sink that need not wait accepts without looking at it. A cancelled ctx never
//     permits losing a message silently; it comes back as an error.
//   - An empty batch is accepted and does nothing.
//   - After Shutdown or Close, where a sink has them, Send returns [ErrClosed].
type Sink interface {
	Send(ctx context.Context, batch []envelope.Message) error
}

// A Borrower is a sink that says whether it keeps messages after Send has returned. One whose Borrows is true keeps none,
// nor any string cut from one, unless they are clones, so a sender may reuse the memory they lie in. A sink that does not
// say so may keep them.
type Borrower interface {
	Borrows() bool
}

// Borrows reports whether s says that it keeps no message after Send.
func Borrows(s Sink) bool {
	b, ok := s.(Borrower)
	return ok && b.Borrows()
}

// A Wrapper is a sink that sends on to others. Next returns every sink it may send to, its dead letter included, so that
// the graph can be walked from the router to its leaves. A wrapper owns nothing that Next returns and never shuts it down.
type Wrapper interface {
	Next() []Sink
}
