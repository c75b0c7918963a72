package sink

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// ErrClosed is what Send returns after Shutdown or Close.
var ErrClosed = errors.New("sink: closed")

// A BatchError says which messages of a batch were not accepted; all others were. It has no Unwrap, since what is true of
// one message's error need not be true of the others': [Failures] gives each its own.
type BatchError struct {
	Failed []Failure // ascending by Index, at most one per message, never empty
}

// A Failure is one message of a batch that was not accepted.
type Failure struct {
	Index int // in the batch given to Send
	Err   error
}

func (e *BatchError) Error() string {
	if e == nil || len(e.Failed) == 0 {
		return "sink: no message failed"
	}
	first := e.Failed[0]
	if len(e.Failed) == 1 {
		return fmt.Sprintf("sink: message %d of the batch: %v", first.Index, first.Err)
	}
	return fmt.Sprintf("sink: %d messages of the batch failed, the first at %d: %v", len(e.Failed), first.Index, first.Err)
}

// Failures yields the index and the error of each message that a Send of n messages did not accept, in ascending order:
// none for nil, a [*BatchError]'s own, every one of the n for any other error, a join included. It is the one way to read a
// Send's error. A BatchError that breaks its own rules, such as one without a failure, counts as any other error: nothing
// is taken for accepted that may not have been.
func Failures(err error, n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		if err == nil {
			return
		}
		if batch := asBatchError(err); batch.valid(n) {
			for _, f := range batch.Failed {
				if !yield(f.Index, f.Err) {
					return
				}
			}
			return
		}
		for i := range n {
			if !yield(i, err) {
				return
			}
		}
	}
}

// asBatchError finds the BatchError that err is or wraps. It does not look into joins, whose other parts say more.
func asBatchError(err error) *BatchError {
	for {
		switch e := err.(type) { //nolint:errorlint // it walks the chain itself
		case *BatchError:
			return e
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		default:
			return nil
		}
	}
}

func (e *BatchError) valid(n int) bool {
	if e == nil || len(e.Failed) == 0 {
		return false
	}
	last := -1
	for _, f := range e.Failed {
		if f.Index <= last || f.Index >= n || f.Err == nil {
			return false
		}
		last = f.Index
	}
	return true
}

// batchError returns failed as a Send's error, nil when it is empty.
func batchError(failed []Failure) error {
	if len(failed) == 0 {
		return nil
	}
	return &BatchError{Failed: failed}
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err, which is about one message, as one that sending the same message again cannot mend. Permanent(nil)
// is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err, about one message, is permanent. A joined error is permanent only if every part is.
func IsPermanent(err error) bool {
	return everyPart(err, func(part error) bool {
		_, ok := part.(*permanentError) //nolint:errorlint // everyPart unwraps
		return ok
	})
}

// hopeless reports whether sending again cannot help: every part of err, about one message, is permanent or ErrClosed.
func hopeless(err error) bool {
	return everyPart(err, func(part error) bool {
		_, ok := part.(*permanentError) //nolint:errorlint // everyPart unwraps
		return ok || part == ErrClosed  //nolint:errorlint // likewise
	})
}

// everyPart reports whether is holds for err, for what it wraps or for every part of what it joins.
func everyPart(err error, is func(error) bool) bool {
	if err == nil || is(err) {
		return err != nil
	}
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case interface{ Unwrap() error }:
		return everyPart(e.Unwrap(), is)
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		for _, part := range parts {
			if !everyPart(part, is) {
				return false
			}
		}
		return len(parts) > 0
	}
	return false
}

type retryAfterError struct {
	err error
	d   time.Duration
}

func (e *retryAfterError) Error() string {
	return fmt.Sprintf("%v (not again within %v)", e.err, e.d.Round(time.Millisecond))
}
func (e *retryAfterError) Unwrap() error { return e.err }

// RetryAfter marks err with the time that must pass before the message is sent again. Queue and Retry obey it; it outranks
// their own backoff only when it is longer. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, d}
}

// RetryDelay returns the longest time that a [RetryAfter] within err asks for, 0 when there is none.
func RetryDelay(err error) (d time.Duration) {
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case *retryAfterError:
		return max(e.d, RetryDelay(e.err))
	case *BatchError:
		for _, f := range e.Failed {
			d = max(d, RetryDelay(f.Err))
		}
	case interface{ Unwrap() error }:
		return RetryDelay(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			d = max(d, RetryDelay(part))
		}
	}
	return d
}

// A LeftError says what a Shutdown or Close left behind: messages that are not known to have been delivered.
type LeftError struct {
	Name     string // the account's
	Messages uint64
	Bytes    uint64
	Where    string // where they are now; empty when they are lost
	Doubt    string // why they may have arrived all the same; empty when they have not
}

func (e *LeftError) Error() string {
	fate := "left undelivered: lost"
	switch {
	case e.Where != "":
		fate = "left undelivered: now in " + e.Where
	case e.Doubt != "":
		fate = "may not have arrived: " + e.Doubt
	}
	return fmt.Sprintf("%s: %d messages (%d bytes) %s", e.Name, e.Messages, e.Bytes, fate)
}
