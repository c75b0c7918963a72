package sourcetest

import (
	"context"
	"fmt"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A trial is one check of one source. It collects violations instead of failing the test, so that the kit can be tested.
type trial struct {
	t        testing.TB
	harness  Harness
	patience time.Duration

	mu      sync.Mutex
	found   []string
	running []*run
}

// violated notes a violation.
func (tr *trial) violated(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.found = append(tr.found, fmt.Sprintf(format, args...))
}

// until waits for ok, and reports whether it came before patience ended.
func (tr *trial) until(ok func() bool) bool {
	for end := time.Now().Add(tr.patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return ok()
		}
	}
	return true
}

// finish ends every source that still runs.
func (tr *trial) finish() {
	for _, r := range tr.running {
		r.end()
	}
}

// A run is one source that runs.
type run struct {
	trial    *trial
	subject  Subject
	label    string // of the goroutine that runs the source and all it starts
	cancel   context.CancelFunc
	returned chan error
	over     bool
}

// start runs a new source into to.
func (tr *trial) start(to sink.Sink, o Options) *run {
	tr.t.Helper()
	subject, err := tr.harness.New(tr.t, o)
	if err != nil {
		tr.t.Fatalf("the harness made no source: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	label := "source-" + envelope.NewID().String()
	r := &run{trial: tr, subject: subject, label: label, cancel: cancel, returned: make(chan error, 1)}
	go pprof.Do(ctx, pprof.Labels("sourcetest", label), func(ctx context.Context) {
		r.returned <- subject.Source.Run(ctx, to)
	})
	tr.running = append(tr.running, r)
	return r
}

// feed sends frames to the source and reports whether it took them in time.
func (r *run) feed(frames ...string) bool {
	fed := make(chan error, 1)
	go func() { fed <- r.subject.Feed(frames...) }()
	select {
	case err := <-fed:
		if err != nil {
			r.trial.violated("a running source could not be fed: %v", err)
		}
		return err == nil
	case err := <-r.returned:
		r.returned <- err // for end
	case <-time.After(r.trial.patience):
		r.trial.violated("Feed did not return in %v", r.trial.patience)
	}
	return false
}

// end cancels Run's context, waits for Run and looks at its account. It returns once Run has, or patience is at an end.
func (r *run) end() {
	if r.over {
		return
	}
	r.over = true
	select {
	case err := <-r.returned:
		r.trial.violated("Run returned %v while ctx was alive", err)
		return
	default:
		r.cancel()
	}
	select {
	case err := <-r.returned:
		if err != nil {
			r.trial.violated("Run returned %v after ctx had ended, not nil", err)
		}
	case <-time.After(r.trial.patience):
		r.trial.violated("Run had not returned %v after ctx had ended", r.trial.patience)
		return
	}
	if a := r.account(); !a.Balanced() {
		r.trial.violated("the account does not balance: %+v", a)
	}
}

// account returns the source's account. A source without one is reported by the check that is about accounts.
func (r *run) account() sink.Account {
	if a, ok := r.subject.Source.(sink.Accounter); ok {
		return a.Account()
	}
	return sink.Account{}
}
