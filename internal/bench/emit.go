package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cactus/go-statsd-client/v5/statsd"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/zerologsource"
)

// abyss is a sink that keeps nothing and does nothing.
type abyss struct{}

func (abyss) Send(context.Context, []envelope.Message) error { return nil }
func (abyss) Borrows() bool                                  { return true }

// client returns a generator and its contender's check: that nothing was dropped.
func client(rates string) *metlog.Client {
	parsed, err := metlog.ParseRates(rates)
	must(err)
	m, err := metlog.New(abyss{}, &metlog.Options{Logger: "shop", Rates: parsed, MaxBytes: 64 << 20})
	must(err)
	return m
}

// handedOff makes a contender whose messages have all been taken by the sink when the clock stops.
func handedOff(name string, m *metlog.Client, work func(n int)) contender {
	return contender{name, func(n int) (float64, error) {
		before := m.Account()
		begin := time.Now()
		work(n)
		err := m.Flush(context.Background())
		cost := float64(time.Since(begin)) / float64(n)
		if a := m.Account(); err == nil && a.Done-before.Done+a.Dropped["sampled"]-before.Dropped["sampled"] != uint64(n) {
			err = fmt.Errorf("%d messages became %+v", n, a)
		}
		return cost, err
	}}
}

// emitSection: one message with four fields, encoded and handed off, beside loggers that write to nowhere.
func emitSection(l *lab) error {
	ctx := context.Background()
	m, p := client(""), client("")
	order := p.Prepare("order", "id", "customer", "total", "paid")
	zero := zerolog.New(io.Discard).With().Timestamp().Logger()
	std := slog.New(slog.NewJSONHandler(io.Discard, nil))
	zapped := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel))
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewBatchProcessor(nowhere{})))
	defer func() { must(provider.Shutdown(ctx)) }()
	otel := provider.Logger("shop")
	const customer = "c-20981"
	bridge := client("")
	bridged := zerolog.New(zerologsource.New(bridge, nil)).With().Timestamp().Logger()
	line := func(z *zerolog.Logger, i int) {
		z.Info().Int("id", i).Str("customer", customer).Float64("total", 19.5).Bool("paid", true).Msg("order")
	}
	return compare(l, 300_000, []contender{
		handedOff("metlog Emit, four attrs", m, func(n int) {
			for i := range n {
				m.Emit(ctx, "order", "", slog.Int("id", i), slog.String("customer", customer), slog.Float64("total", 19.5), slog.Bool("paid", true))
			}
		}),
		handedOff("metlog Prepared.Emit, four values", p, func(n int) {
			for i := range n {
				order.Emit(ctx, "", slog.IntValue(i), slog.StringValue(customer), slog.Float64Value(19.5), slog.BoolValue(true))
			}
		}),
		timed("zerolog to io.Discard", func(n int) {
			for i := range n {
				line(&zero, i)
			}
		}),
		timed("slog JSONHandler to io.Discard", func(n int) {
			for i := range n {
				std.LogAttrs(ctx, slog.LevelInfo, "order", slog.Int("id", i), slog.String("customer", customer), slog.Float64("total", 19.5), slog.Bool("paid", true))
			}
		}),
		timed("zap to io.Discard", func(n int) {
			for i := range n {
				zapped.Info("order", zap.Int("id", i), zap.String("customer", customer), zap.Float64("total", 19.5), zap.Bool("paid", true))
			}
		}),
		timed("OTel log SDK, batch processor to nowhere", func(n int) {
			for i := range n {
				var r log.Record
				r.SetBody(attribute.StringValue("order"))
				r.SetTimestamp(time.Now())
				r.AddAttributes(attribute.Int("id", i), attribute.String("customer", customer), attribute.Float64("total", 19.5), attribute.Bool("paid", true))
				otel.Emit(ctx, r)
			}
		}),
		handedOff("zerolog through zerologsource", bridge, func(n int) {
			for i := range n {
				line(&bridged, i)
			}
		}),
	}, []goal{
		{name: "Emit / zerolog", ours: 0, theirs: 2, atMost: 1.1},
		{name: "Prepared.Emit / zerolog", ours: 1, theirs: 2, atMost: 0.9},
		{name: "Emit / slog", ours: 0, theirs: 3},
		{name: "Emit / zap", ours: 0, theirs: 4},
		{name: "Emit / OTel", ours: 0, theirs: 5},
		{name: "zerolog bridged / zerolog to nowhere", ours: 6, theirs: 2, atMost: 4}, // at most 3 more
	})
}

// nowhere is an exporter.
type nowhere struct{}

func (nowhere) Export(context.Context, []sdk.Record) error { return nil }
func (nowhere) Shutdown(context.Context) error             { return nil }
func (nowhere) ForceFlush(context.Context) error           { return nil }

// offSection: what a timer costs that sends nothing.
func offSection(l *lab) error {
	off, sampled := client("shop.off=0").Timer("shop.off"), client("shop.some=0.000001").Timer("shop.some")
	zero := zerolog.New(io.Discard).Level(zerolog.WarnLevel)
	stats, err := statsd.NewClientWithSender(noSender{}, "shop", statsd.SuffixOctothorpe)
	must(err)
	return compare(l, 2_000_000, []contender{
		timed("metlog timer, off", func(n int) {
			for range n {
				off.Start().Stop()
			}
		}),
		timed("zerolog event, level off", func(n int) {
			for range n {
				zero.Info().Str("name", "shop").Msg("")
			}
		}),
		timed("metlog timer, sampled out", func(n int) {
			for range n {
				sampled.Start().Stop()
			}
		}),
		timed("statsd client timer, sampled out", func(n int) {
			for range n {
				must(stats.Timing("some", 1, 0.000001))
			}
		}),
	}, []goal{
		{name: "timer off / zerolog off", ours: 0, theirs: 1, atMost: 0.3},
		{name: "timer sampled out / statsd client sampled out", ours: 2, theirs: 3, atMost: 0.6},
	})
}

// noSender is where the statsd client sends what it has not sampled out.
type noSender struct{}

func (noSender) Send(data []byte) (int, error) { return len(data), nil }
func (noSender) Close() error                  { return nil }
