package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

// archive takes messages until it ends.
type archive struct {
	sink.Counters
	mu    sync.Mutex
	ended bool
	types []string
}

func (a *archive) Send(_ context.Context, batch []envelope.Message) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return a.Sent(len(batch), sink.ErrClosed)
	}
	for i := range batch {
		a.types = append(a.types, batch[i].Type())
	}
	return a.Sent(len(batch), nil)
}

func (a *archive) Shutdown(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	return nil
}

func (a *archive) Account() sink.Account { return a.Counters.Account("archive") }

// A program with an endpoint that is down: what its queue could not deliver is in the archive before that ends, and the
// books say so.
func TestWholeProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(archive)
		down := sink.Each(func(context.Context, envelope.Message) error { return errors.New("connection refused") })
		stats, err1 := sink.NewQueue(down, &sink.QueueOptions{DeadLetter: store})
		rest, err2 := sink.NewQueue(store, nil)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		router := sink.Tee(stats, rest)
		books := ledger.New(&source{sink.Account{Name: "zmq"}}, router.(sink.Accounter))
		m, err := envelope.Draft{Type: envelope.TypeTimer, Payload: "25"}.Seal()
		if err := errors.Join(err, router.Send(t.Context(), []envelope.Message{m, m, m})); err != nil {
			t.Fatal(err)
		}
		grace, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := errors.Join(books.Shutdown(grace), books.Balance()); err != nil {
			t.Error(err)
		}
		if len(store.types) != 6 || strings.Count(strings.Join(store.types, " "), envelope.TypeDeadLetter) != 3 {
			t.Errorf("the archive has %v", store.types)
		}
		if report := books.String(); !strings.Contains(report, "  dead letters  dropped\n") || !strings.Contains(report, "             3        0\n") {
			t.Errorf("the report is\n%s", report)
		}
	})
}
