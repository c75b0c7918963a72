package metlog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// printed is a sink that prints what matters of each message.
func printed() sink.Sink {
	return sink.Each(func(_ context.Context, m envelope.Message) error {
		fields, _ := m.Field()
		fmt.Println(m.Severity(), m.Type(), m.Payload(), fields.JSON())
		return nil
	})
}

func Example() {
	m, err := metlog.New(printed(), &metlog.Options{Logger: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	m.Emit(ctx, "order", "paid", slog.String("id", "a17"), slog.Float64("total", 9.5))
	m.Log(ctx, envelope.Warning, "slow disk", slog.Duration("took", time.Second))
	m.Incr("cart.added", 1)
	if err := m.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(m.Account().Done, "sent")
	// Output:
	// Info order paid {"id":"a17","total":9.5}
	// Warning oldstyle slow disk {"took":1000000000}
	// Info counter 1 {"name":"cart.added","rate":1}
	// 3 sent
}

// A message is one line of JSON. Its name, process and machine are the options', its time is the clock's but for bridges.
func Example_line() {
	print := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.JSON())
		return nil
	})
	m, _ := metlog.New(print, &metlog.Options{Logger: "shop", Hostname: "web3", PID: 7})
	ctx := context.Background()
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	_ = m.EmitJSON(ctx, at, envelope.Info, "order", "paid", []byte(`{"id":"a17","total":9.5}`))
	_ = m.Shutdown(ctx)
	// Output:
	// {"type":"order","timestamp":"2026-03-02T12:00:00.000000Z","logger":"shop","severity":6,"payload":"paid","fields":{"id":"a17","total":9.5},"env_version":"0.8","metlog_pid":7,"metlog_hostname":"web3"}
}

func ExampleClient_Timer() {
	m, _ := metlog.New(sink.Discard, nil)
	storing := m.Timer("cart.store") // once
	func() {
		defer storing.Start().Stop(slog.String("shop", "a"))
		// what is to be timed
	}()
	storing.Time(func() {
		// or so
	})
	_ = m.Shutdown(context.Background())
	fmt.Println(m.Account().Done, "sent")
	// Output: 2 sent
}

func ExampleTimer_Send() {
	m, _ := metlog.New(printed(), nil)
	m.Timer("cart.store").Send(1500*time.Microsecond, slog.Int("items", 3)) // measured elsewhere
	_ = m.Shutdown(context.Background())
	// Output:
	// Info timer 1.5 {"items":3,"name":"cart.store","rate":1}
}

func ExampleClient_Prepare() {
	m, _ := metlog.New(printed(), nil)
	order := m.Prepare("order", "id", "total") // once: the names are encoded here
	order.Emit(context.Background(), "paid", slog.StringValue("a17"), slog.Float64Value(9.5))
	_ = m.Shutdown(context.Background())
	// Output:
	// Info order paid {"id":"a17","total":9.5}
}

func ExampleParseRates() {
	rates, err := metlog.ParseRates(`
		# a tenth of everything, the shopping cart whole, the cache not at all
		* = 0.1
		cart.* = 1
		cache.* = 0
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, _ := metlog.New(printed(), &metlog.Options{Rates: rates})
	m.Incr("cart.added", 1)
	m.Incr("cache.hit", 1)
	m.SetRates(metlog.Rates{}) // everything, from now on
	m.Incr("cache.hit", 1)
	_ = m.Shutdown(context.Background())
	// Output:
	// Info counter 1 {"name":"cart.added","rate":1}
	// Info counter 1 {"name":"cache.hit","rate":1}
}

// Severities are RFC 5424's numbers: the less, the worse.
func ExampleMaxSeverity() {
	m, _ := metlog.New(printed(), &metlog.Options{Filters: []metlog.Filter{metlog.MaxSeverity(envelope.Warning)}})
	ctx := context.Background()
	for _, severity := range []envelope.Severity{envelope.Error, envelope.Warning, envelope.Notice, envelope.Debug} {
		m.Log(ctx, severity, fmt.Sprint("of severity ", severity.Code()))
	}
	_ = m.Shutdown(ctx)
	// Output:
	// Error oldstyle of severity 3 {}
	// Warning oldstyle of severity 4 {}
}

func ExampleOptions_filters() {
	m, _ := metlog.New(printed(), &metlog.Options{Filters: []metlog.Filter{
		metlog.MaxSeverity(envelope.Info),
		metlog.NotTypes("debugging"),
		metlog.MaxSeverityOf(map[string]envelope.Severity{envelope.TypeLog: envelope.Warning}),
	}})
	ctx := context.Background()
	m.Log(ctx, envelope.Info, "nobody reads this")
	m.Log(ctx, envelope.Error, "disk full")
	m.Emit(ctx, "order", "paid")
	m.EmitAt(ctx, envelope.Debug, "order", "looked at")
	_ = m.Shutdown(ctx)
	fmt.Println(m.Account().Dropped)
	// Output:
	// Error oldstyle disk full {}
	// Info order paid {}
	// map[filtered:2]
}

// A sink that refuses a message is no concern of the code that sent it.
func ExampleOptions_onError() {
	refusing := sink.Each(func(context.Context, envelope.Message) error { return errors.New("no disk") })
	m, _ := metlog.New(refusing, &metlog.Options{OnError: func(err error) { fmt.Println(err) }})
	m.Incr("cart.added", 1)
	_ = m.Shutdown(context.Background())
	fmt.Println(m.Account().Dropped)
	// Output:
	// metlog: 1 message refused: no disk
	// map[refused:1]
}

// A bridge from another logger hands over fields that are encoded already.
func ExampleClient_EmitJSON() {
	m, _ := metlog.New(printed(), nil)
	ctx := context.Background()
	line := []byte(`{"hosts":3}`)
	if err := m.EmitJSON(ctx, time.Now(), envelope.Notice, envelope.TypeLog, "v42 is out", line); err != nil {
		m.Log(ctx, envelope.Notice, string(line)) // whole
	}
	_ = m.Shutdown(ctx)
	// Output:
	// Notice oldstyle v42 is out {"hosts":3}
}
