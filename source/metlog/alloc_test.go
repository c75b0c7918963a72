package metlog

import (
	"context"
	"log/slog"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// costs returns the allocations and bytes of one call of f, the worker's included, in the best of some rounds: in the
// first ones the worker grows what it grows, and the runtime allocates too now and then.
func costs(t *testing.T, f func(), clients ...*Client) (allocs, bytes float64) {
	t.Helper()
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
		for _, c := range clients {
			if err := c.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return allocs, bytes
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	ctx := context.Background()
	m := start(t, hole{}, &Options{Logger: "shop"})
	some, err := ParseRates("half.*=0.5\noff.*=0")
	if err != nil {
		t.Fatal(err)
	}
	sampling := start(t, hole{}, &Options{Rates: some})
	now := time.Now()
	order := m.Prepare("order", "id", "total", "paid", "at")
	on, half, off := m.Timer("cart.store"), sampling.Timer("half.store"), sampling.Timer("off.store")
	family := m.Family("cart.")
	fields := []byte(`{"a":1,"b":"two"}`)
	login := cef.Event{Vendor: "Example", Product: "shop", Name: "bad login", Extensions: []cef.Extension{{Key: cef.RequestURL, Value: "/a?b=c"}}}
	for name, f := range map[string]func(){
		"emit": func() {
			m.Emit(ctx, "order", "paid", slog.String("id", "a17"), slog.Int("n", 12345), slog.Float64("total", 9.5),
				slog.Bool("paid", true), slog.Duration("took", time.Second), slog.Time("at", now), slog.Uint64("u", 1<<63))
		},
		"emitAt": func() { m.EmitAt(ctx, envelope.Warning, "order", "paid", slog.String("id", "a17")) },
		"log":    func() { m.Log(ctx, envelope.Warning, "slow disk", slog.Int("ms", 1500)) },
		"prepared": func() {
			order.Emit(ctx, "paid", slog.StringValue("a17"), slog.Float64Value(9.5), slog.BoolValue(true), slog.TimeValue(now))
		},
		"json":    func() { _ = m.EmitJSON(ctx, now, envelope.Info, "order", "paid", fields) },
		"cef":     func() { m.CEF(ctx, login, cef.Meta{Facility: "LOCAL4", Ident: "shop"}) },
		"incr":    func() { m.Incr("cart.added", 1234567, slog.String("shop", "a")) },
		"decr":    func() { m.Decr("cart.added", 1) },
		"gauge":   func() { m.Gauge("queue.length", 1234.5) },
		"sampled": func() { sampling.Incr("half.added", 1) },
		"timer":   func() { on.Start().Stop() },
		"defer":   func() { defer on.Start().Stop(slog.String("class", "2xx")) },
		"send":    func() { on.Send(1500*time.Microsecond, slog.Int("bytes", 12345)) },
		"half":    func() { half.Start().Stop() },
		"off":     func() { off.Start().Stop() },
		"unnamed": func() { family.Start().Stop(on, slog.Int("bytes", 12345)) },
	} {
		t.Run(name, func(t *testing.T) {
			if allocs, bytes := costs(t, f, m, sampling); allocs > 0 || bytes > 0 {
				t.Errorf("%v allocations and %v bytes an operation, want 0", allocs, bytes)
			}
		})
	}
}
