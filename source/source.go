// Package source says what messages come out of: a [Source] runs into a sink, as http.Server.Serve runs into a handler.
package source

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Source runs into a sink.
//
//   - Run returns nil when ctx has ended or the input is exhausted, after everything received has been offered to to.
//   - It offers a batch once. Send blocks while leaves wait: that is the backpressure. Sends run under a context of their
//     own that ends some time after ctx, 5 s by default: the source's Options.DrainTimeout.
//   - On an error, a source that can tell its sender does. The others give the failed messages to their Options.DeadLetter
//     as metlog.deadletter, and what cannot be decoded as metlog.undecodable. Its account says Dropped "deadletter" if the
//     dead letter took them, else "refused" or "undecodable". Neither ever stops a source.
//   - Run may be called once.
type Source interface {
	Run(ctx context.Context, to sink.Sink) error
}

// A Decoder reads the envelopes of one frame. [*envelope.Parser] is the usual one; another lets a source read another
// form. It appends to batch what it can read; on an error it returns what came before, and the error's offset, in a
// [*envelope.SyntaxError], tells the source where to look for the next line. Only the messages may keep what is part of
// frame: a source whose sink keeps none ([sink.Borrows]) uses the memory again.
type Decoder interface {
	AppendParse(batch []envelope.Message, frame string, slab int, meta envelope.Meta) ([]envelope.Message, error)
}

// Run runs every source into to and returns when all have returned. When ctx ends, or one source returns an error, the
// others end too; a source that is exhausted ends none. The errors are joined. A nil to, no source or a nil source is an
// error.
func Run(ctx context.Context, to sink.Sink, sources ...Source) error {
	if isnil.Is(to) {
		return errors.New("source: Run: nil sink")
	}
	if len(sources) == 0 {
		return errors.New("source: Run: no source")
	}
	for i, s := range sources {
		if isnil.Is(s) {
			return fmt.Errorf("source: Run: source %d is nil", i)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(sources))
	var running sync.WaitGroup
	for i, s := range sources {
		running.Go(func() {
			if errs[i] = s.Run(ctx, to); errs[i] != nil {
				stop()
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}
