package zerologsource

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/rs/zerolog"

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
	plain := zerolog.New(New(m, nil))
	stamped := plain.With().Timestamp().Str("service", "cart").Caller().Logger()
	for name, f := range map[string]func(){
		"plain":   func() { plain.Info().Str("a", "b").Int("n", 12345).Float64("f", 1.5).Bool("ok", true).Msg("m") },
		"stamped": func() { stamped.Warn().Str("a", "b").Str("a", "c").Msg("two\nlines") },
		"none":    func() { plain.Log().Send() },
	} {
		t.Run(name, func(t *testing.T) {
			bare := zerolog.New(hollow{})
			if name == "stamped" { // zerolog's own Caller allocates
				bare = bare.With().Timestamp().Str("service", "cart").Caller().Logger()
			}
			theirs := 0.0
			if name == "stamped" {
				theirs = allocations(t, func() { bare.Warn().Str("a", "b").Str("a", "c").Msg("two\nlines") }, func() {})
			}
			ours := allocations(t, f, func() {
				if err := m.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
			if ours > theirs+0.01 {
				t.Errorf("%v allocations a line, zerolog alone has %v", ours, theirs)
			}
		})
	}
}

type hollow struct{}

func (hollow) Write(p []byte) (int, error) { return len(p), nil }

// allocations returns those of one call of f, in the best of some rounds: in the first ones pools fill.
func allocations(t *testing.T, f, after func()) float64 {
	t.Helper()
	const rounds, calls = 20, 1000
	best := math.Inf(1)
	var start, end runtime.MemStats
	for range rounds {
		runtime.ReadMemStats(&start)
		for range calls {
			f()
		}
		runtime.ReadMemStats(&end)
		best = min(best, float64(end.Mallocs-start.Mallocs)/calls)
		after()
	}
	return best
}
