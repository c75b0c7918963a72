// Package bridgetest is what the tests of bridges from other loggers, and of middleware, share: a client, what comes out at
// its other end, and what a line or a request costs.
package bridgetest

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A Bench is a client and what it has sent. Both end with the test, which fails when the books do not balance then.
type Bench struct {
	*testing.T
	Client *metlog.Client
	Sent   sinktest.Recorder
}

// New returns a Bench.
func New(t *testing.T) *Bench {
	t.Helper()
	b := &Bench{T: t}
	b.Client = open(t, &b.Sent, metlog.Rates{})
	return b
}

func open(t *testing.T, to sink.Sink, rates metlog.Rates) *metlog.Client {
	t.Helper()
	m, err := metlog.New(to, &metlog.Options{Logger: "shop", Hostname: "web3", PID: 7, Rates: rates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if a := m.Account(); !a.Balanced() {
			t.Errorf("account does not balance: %+v", a)
		}
	})
	return m
}

// All returns what was sent since the last call.
func (b *Bench) All() []envelope.Message {
	b.Helper()
	if err := b.Client.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	return b.Sent.TakeAll()
}

// One returns the one message that was sent, which strict readers take.
func (b *Bench) One() *envelope.Message {
	b.Helper()
	all := b.All()
	if len(all) != 1 {
		b.Fatalf("%d messages, want 1", len(all))
	}
	strict := envelope.Parser{Strict: true}
	if _, err := strict.AppendParse(nil, all[0].JSON(), 0, envelope.Meta{}); err != nil {
		b.Errorf("a strict parser refuses %s: %v", all[0].JSON(), err)
	}
	return &all[0]
}

// Fields returns the text of a message's fields.
func Fields(m *envelope.Message) string {
	v, _ := m.Field()
	return v.JSON()
}

// A hole takes everything and keeps nothing.
type hole struct{}

func (hole) Send(context.Context, []envelope.Message) error { return nil }
func (hole) Borrows() bool                                  { return true }

// Hollow returns a client all of whose messages are lost.
func Hollow(t *testing.T, rates metlog.Rates) *metlog.Client {
	t.Helper()
	return open(t, hole{}, rates)
}

// Costs returns the allocations and the bytes of one call of f, what m does about it included, in the best of some rounds:
// in the first ones pools fill. Under the race detector, which allocates itself, both are 0.
func Costs(t *testing.T, m *metlog.Client, f func()) (allocs, bytes float64) {
	t.Helper()
	if raceEnabled {
		return 0, 0
	}
	const rounds, calls = 20, 1000
	allocs, bytes = math.Inf(1), math.Inf(1)
	var before, after runtime.MemStats
	for range rounds {
		runtime.ReadMemStats(&before)
		for range calls {
			f()
		}
		runtime.ReadMemStats(&after)
		allocs = min(allocs, float64(after.Mallocs-before.Mallocs)/calls)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/calls)
		if err := m.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return allocs, bytes
}
