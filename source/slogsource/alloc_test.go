package slogsource

import (
	"context"
	"log/slog"
	"testing"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestAllocations(t *testing.T) {
	m := bridgetest.Hollow(t, metlog.Rates{})
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
			if n, _ := bridgetest.Costs(t, m, f); n > 0.01 {
				t.Errorf("%v allocations a record", n)
			}
		})
	}
}
