package sinktest

import (
	"context"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Fault decides what a [Recorder] makes of one Send: it returns the Send's error, and the messages which that error names
// (see [sink.Failures]) are not recorded. With nil all are. It may also block or panic. It may be called concurrently, and
// it must neither change nor keep the batch. Any function will do; those of this package cover the usual plans.
type Fault func(ctx context.Context, batch []envelope.Message) error

// Fail fails every message with err. Give it [sink.Permanent] or [sink.RetryAfter] errors to plan those.
func Fail(err error) Fault {
	return func(context.Context, []envelope.Message) error { return err }
}

// FailAt fails the messages at the given indexes of each batch with err. Indexes past a batch's end fail nothing.
func FailAt(err error, indexes ...int) Fault {
	wanted := make(map[int]bool, len(indexes))
	for _, i := range indexes {
		wanted[i] = true
	}
	return func(_ context.Context, batch []envelope.Message) error {
		return failEach(len(batch), func(i int) error {
			if wanted[i] {
				return err
			}
			return nil
		})
	}
}

// FailEvery fails every k-th message with err, counted over all Sends: the k-th, the 2k-th and so on. k below 1 fails none.
func FailEvery(k int, err error) Fault {
	var seen atomic.Int64
	return func(_ context.Context, batch []envelope.Message) error {
		if k < 1 {
			return nil
		}
		return failEach(len(batch), func(int) error {
			if seen.Add(1)%int64(k) == 0 {
				return err
			}
			return nil
		})
	}
}

// FailIf fails the messages for which match is true with err. match may be called concurrently.
func FailIf(match func(*envelope.Message) bool, err error) Fault {
	return func(_ context.Context, batch []envelope.Message) error {
		return failEach(len(batch), func(i int) error {
			if match(&batch[i]) {
				return err
			}
			return nil
		})
	}
}

// Times applies f to the first n Sends; later ones meet no fault.
func Times(n int, f Fault) Fault {
	var sends atomic.Int64
	return func(ctx context.Context, batch []envelope.Message) error {
		if sends.Add(1) > int64(n) {
			return nil
		}
		return f(ctx, batch)
	}
}

// Block holds each Send until release is closed, when it goes on without fault, or until its context ends, when it fails
// with the context's error. A nil release never comes.
func Block(release <-chan struct{}) Fault {
	return func(ctx context.Context, _ []envelope.Message) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Panic panics with v.
func Panic(v any) Fault {
	return func(context.Context, []envelope.Message) error { panic(v) }
}

// failEach returns the error of a Send of n messages in which fault(i) says what is wrong with message i.
func failEach(n int, fault func(i int) error) error {
	var failed []sink.Failure
	for i := range n {
		if err := fault(i); err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}
