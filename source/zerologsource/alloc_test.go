package zerologsource

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestAllocations(t *testing.T) {
	m := bridgetest.Hollow(t, metlog.Rates{})
	stamp := func(l zerolog.Logger) zerolog.Logger {
		return l.With().Timestamp().Str("service", "cart").Caller().Logger()
	}
	plain, bare := zerolog.New(New(m, nil)), zerolog.New(hollow{})
	stamped, bareStamped := stamp(plain), stamp(bare)
	for name, f := range map[string]struct{ ours, theirs func() }{
		"plain": {ours: func() { plain.Info().Str("a", "b").Int("n", 12345).Float64("f", 1.5).Bool("ok", true).Msg("m") }},
		"stamped": { // zerolog's own Caller allocates
			func() { stamped.Warn().Str("a", "b").Str("a", "c").Msg("two\nlines") },
			func() { bareStamped.Warn().Str("a", "b").Str("a", "c").Msg("two\nlines") },
		},
		"none": {ours: func() { plain.Log().Send() }},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := 0.0
			if f.theirs != nil {
				theirs, _ = bridgetest.Costs(t, m, f.theirs)
			}
			if ours, _ := bridgetest.Costs(t, m, f.ours); ours > theirs+0.01 {
				t.Errorf("%v allocations a line, zerolog alone has %v", ours, theirs)
			}
		})
	}
}

type hollow struct{}

func (hollow) Write(p []byte) (int, error) { return len(p), nil }
