// Package intake is what every source does between its wire and its sink: decode frames, offer batches, give what was
// refused or unreadable to the dead letter, and count it.
package intake

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/deadletter"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// faultBytes bounds what a frame of garbage lines costs: one unreadable piece of it is told apart for every so many bytes
// of the frame, and a few more. What follows the last is part of it.
const faultBytes = 128

// keptMessages is the largest batch whose memory is used again: one frame can hold very many very small envelopes.
const keptMessages = 8192

// An Intake gathers one batch at a time. It belongs to the goroutine that runs the source, but for its Counters.
type Intake struct {
	sink.Counters
	Name       string // for the account and dead letters
	Decoder    source.Decoder
	DeadLetter sink.Sink // nil: none

	batch  []envelope.Message
	faults []fault
}

type fault struct {
	frame, origin string
	err           error
}

// Account returns the source's account: Offered is envelopes and unreadable pieces received, Done what the sink took.
func (in *Intake) Account() sink.Account { return in.Counters.Account(in.Name) }

// Next returns the dead letter, when there is one: what a source leads to besides the sink it runs into.
func (in *Intake) Next() []sink.Sink {
	if in.DeadLetter == nil {
		return nil
	}
	return []sink.Sink{in.DeadLetter}
}

// Len returns the number of messages and unreadable pieces gathered. A source offers them at the latest when there are
// more than a few thousand.
func (in *Intake) Len() int { return len(in.batch) + len(in.faults) }

// Frame decodes one frame into the batch. frame must not change until the next Offer has returned, and never if its sink
// keeps messages. slab is the size in bytes of the memory that frame is part of. It returns the ID for the next frame's
// meta.
func (in *Intake) Frame(frame string, slab int, meta envelope.Meta) envelope.ID {
	for faults := 8 + len(frame)/faultBytes; ; faults-- {
		before := len(in.batch)
		var err error
		in.batch, err = in.Decoder.AppendParse(in.batch, frame, slab, meta)
		for range len(in.batch) - before {
			meta.ID = meta.ID.Next()
		}
		if err == nil {
			return meta.ID
		}
		start, end := 0, len(frame)
		var syntax *envelope.SyntaxError
		if errors.As(err, &syntax) {
			start = min(max(syntax.Start, 0), len(frame))
			stopped := min(max(syntax.Offset, start), len(frame))
			if newline := strings.IndexByte(frame[stopped:], '\n'); newline >= 0 && faults > 1 {
				end = stopped + newline
			}
			if start > 0 {
				err = &envelope.SyntaxError{Offset: stopped - start, Reason: syntax.Reason}
			}
		}
		in.Fault(frame[start:end], meta.Origin, err)
		frame = strings.TrimLeft(frame[end:], " \t\r\n")
		if frame == "" {
			return meta.ID
		}
	}
}

// Fault adds one piece of input that cannot be read. An offset in err counts from frame's beginning. A source calls it for
// what no decoder need be asked about, such as a truncated datagram.
func (in *Intake) Fault(frame, origin string, err error) {
	in.faults = append(in.faults, fault{frame, origin, err})
}

// Offer sends the batch, once, and starts a new one. It returns when every message is accounted for.
func (in *Intake) Offer(ctx context.Context, to sink.Sink) {
	if n := len(in.batch); n > 0 {
		in.settle(ctx, n, to.Send(ctx, in.batch))
		in.batch = emptied(in.batch)
	}
	if len(in.faults) > 0 {
		in.report(ctx)
		in.faults = emptied(in.faults)
	}
}

// emptied returns s without its elements, to be filled again, and without its memory when that has grown large.
func emptied[E any](s []E) []E {
	if cap(s) > keptMessages {
		return nil
	}
	clear(s)
	return s[:0]
}

func (in *Intake) settle(ctx context.Context, n int, err error) {
	if err == nil {
		in.Sent(n, nil)
		return
	}
	now := time.Now()
	var letters []envelope.Message
	var last error
	failed := 0
	for i, e := range sink.Failures(err, n) {
		failed++
		last = e
		if in.DeadLetter == nil {
			continue
		}
		letter, wrapErr := deadletter.Wrap(&in.batch[i], deadletter.Reason{Sink: in.Name, Err: e, Attempts: 1, First: now, Last: now})
		if wrapErr == nil {
			letters = append(letters, letter)
		}
	}
	in.Sent(n-failed, nil)
	in.bury(ctx, letters, failed, "refused", last)
}

func (in *Intake) report(ctx context.Context) {
	var letters []envelope.Message
	for _, f := range in.faults {
		if in.DeadLetter == nil {
			break
		}
		if letter, err := deadletter.Undecodable(f.frame, f.err, f.origin); err == nil {
			letters = append(letters, letter)
		}
	}
	in.bury(ctx, letters, len(in.faults), "undecodable", in.faults[len(in.faults)-1].err)
}

// bury gives letters to the dead letter and counts total messages: those it took as "deadletter", the others as reason.
func (in *Intake) bury(ctx context.Context, letters []envelope.Message, total int, reason string, cause error) {
	taken := 0
	if len(letters) > 0 {
		taken = len(letters)
		for range sink.Failures(in.DeadLetter.Send(ctx, letters), len(letters)) {
			taken--
		}
	}
	in.Drop(taken, "deadletter", cause)
	in.Drop(total-taken, reason, cause)
}

// Draining returns a context for a source's Sends: it carries ctx's values and ends timeout after ctx does.
func Draining(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := time.AfterFunc(math.MaxInt64, cancel)
	stop := context.AfterFunc(ctx, func() { timer.Reset(timeout) })
	return drain, func() {
		stop()
		timer.Stop()
		cancel()
	}
}
