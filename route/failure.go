package route

import (
	"errors"

	"github.com/mozilla-services/metlog-go/sink"
)

// ErrUnrouted is why a message was refused that no rule matches. It is permanent.
var ErrUnrouted = errors.New("route: no rule matches")

var errUnrouted = sink.Permanent(ErrUnrouted)

// failures gathers each message's errors. The zero value has none.
type failures struct {
	errs []error // one a message of the batch
	n    int     // messages with an error
}

// add gives message i of a batch of size another error.
func (f *failures) add(i, size int, err error) {
	if f.errs == nil {
		f.errs = make([]error, size)
	}
	if f.errs[i] == nil {
		f.errs[i] = err
		f.n++
	} else {
		f.errs[i] = errors.Join(f.errs[i], err)
	}
}

func (f *failures) err() error {
	if f.n == 0 {
		return nil
	}
	failed := make([]sink.Failure, 0, f.n)
	for i, err := range f.errs {
		if err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	return &sink.BatchError{Failed: failed}
}

// addGroup adds what a Send of g returned.
func (f *failures) addGroup(g *group, n, size int, err error) {
	for i, err := range sink.Failures(err, n) {
		f.add(g.position(i), size, err)
	}
}

// A ruleError is the error of one rule's sink.
type ruleError struct {
	rule string
	err  error
}

func (e *ruleError) Error() string { return "rule " + e.rule + ": " + e.err.Error() }
func (e *ruleError) Unwrap() error { return e.err }
