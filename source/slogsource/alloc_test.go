package slogsource

import (
	"context"
	"log/slog"
	"math"
	"runtime"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A hole takes everything and keeps nothing.
type hole struct{}

func (hole) Send(context.Context, []envelope.Message) error { return nil }
func (hole) Borrows() bool                                  { return true }

func TestAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	m := open(t, hole{})
	plain := slog.New(New(m, nil))
	grouped := plain.With("service", "cart").WithGroup("request").With("id", 17)
	ctx := context.Background()
	for name, f := range map[string]func(){
		"plain": func() {
			plain.LogAttrs(ctx, slog.LevelInfo, "m", slog.String("a", "b"), slog.Int("n", 12345), slog.Bool("ok", true))
		},
		"grouped": func() { grouped.LogAttrs(ctx, slog.LevelWarn, "m", slog.String("a", "b"), slog.Float64("f", 1.5)) },
		"off":     func() { plain.LogAttrs(ctx, slog.LevelDebug, "m", slog.String("a", "b")) },
	} {
		t.Run(name, func(t *testing.T) {
			const rounds, calls = 20, 1000
			best := math.Inf(1) // in the first rounds pools fill
			var start, end runtime.MemStats
			for range rounds {
				runtime.ReadMemStats(&start)
				for range calls {
					f()
				}
				runtime.ReadMemStats(&end)
				best = min(best, float64(end.Mallocs-start.Mallocs)/calls)
				if err := m.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if best > 0.01 {
				t.Errorf("%v allocations a record", best)
			}
		})
	}
}
