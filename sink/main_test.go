package sink_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("endpoint down")

// batchOf returns messages with these payloads.
func batchOf(tb testing.TB, payloads ...string) []envelope.Message {
	tb.Helper()
	batch := make([]envelope.Message, len(payloads))
	for i, payload := range payloads {
		batch[i] = severe(tb, envelope.Info, payload)
	}
	return batch
}

func severe(tb testing.TB, severity envelope.Severity, payload string) envelope.Message {
	tb.Helper()
	m, err := envelope.Parse(fmt.Appendf(nil, `{"type":"t","severity":%d,"payload":%q,"env_version":"0.8"}`, severity.Code(), payload))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func numbered(tb testing.TB, n int) []envelope.Message {
	tb.Helper()
	payloads := make([]string, n)
	for i := range payloads {
		payloads[i] = fmt.Sprint(i)
	}
	return batchOf(tb, payloads...)
}

// fake is a sink that takes what answer lets it, message by message, and remembers it. nil answer: everything.
type fake struct {
	sink.Counters
	name    string
	answer  func(call int, payload string) error
	whole   func(ctx context.Context, call int) error // instead, for the whole batch
	borrows bool

	mu    sync.Mutex
	calls [][]string // payloads given, by call
	got   []string   // payloads taken
	kept  []envelope.Message
}

func (f *fake) Send(ctx context.Context, batch []envelope.Message) error {
	f.mu.Lock()
	call := len(f.calls)
	var payloads []string
	for i := range batch {
		payloads = append(payloads, batch[i].Payload())
	}
	f.calls = append(f.calls, payloads)
	f.mu.Unlock()
	if f.whole != nil {
		if err := f.whole(ctx, call); err != nil {
			return f.Sent(len(batch), err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var failed []sink.Failure
	for i, payload := range payloads {
		if f.answer != nil {
			if err := f.answer(call, payload); err != nil {
				failed = append(failed, sink.Failure{Index: i, Err: err})
				continue
			}
		}
		f.got = append(f.got, payload)
		f.kept = append(f.kept, batch[i])
	}
	if failed != nil {
		return f.Sent(len(batch), &sink.BatchError{Failed: failed})
	}
	return f.Sent(len(batch), nil)
}

func (f *fake) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.got...)
}

func (f *fake) seen() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([][]string{}, f.calls...)
}

func (f *fake) Account() sink.Account {
	if f.name == "" {
		return f.Counters.Account("fake")
	}
	return f.Counters.Account(f.name)
}
func (f *fake) Borrows() bool { return f.borrows }

// failures returns the indexes of a Send's failures with their errors' texts.
func failures(err error, n int) map[int]string {
	failed := map[int]string{}
	for i, e := range sink.Failures(err, n) {
		failed[i] = e.Error()
	}
	return failed
}

func account(tb testing.TB, s any) sink.Account {
	tb.Helper()
	a := s.(sink.Accounter).Account()
	if !a.Balanced() {
		tb.Errorf("the account does not add up: %+v", a)
	}
	return a
}

// closed closes a queue that should be empty.
func closed(tb testing.TB, q *sink.Queue) {
	tb.Helper()
	if err := q.Close(); err != nil {
		tb.Error(err)
	}
}
