package slogsource_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/slogsource"
)

func Example() {
	// The printer stands in for zmqsink, a router, or any other sink.
	printer := sink.Each(func(_ context.Context, m envelope.Message) error {
		fields, _ := m.Field()
		fmt.Println(m.Severity(), m.Type(), m.Payload(), fields.JSON())
		return nil
	})
	m, err := metlog.New(printer, &metlog.Options{Logger: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	logger := slog.New(slogsource.New(m, nil)).With("service", "cart")
	logger.Info("v42 is out", "hosts", 3)
	logger.WithGroup("disk").Warn("slow disk", "name", "sda", slog.Group("took", "ms", 1500))
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Info oldstyle v42 is out {"service":"cart","hosts":3}
	// Warning oldstyle slow disk {"service":"cart","disk":{"name":"sda","took":{"ms":1500}}}
}

func ExampleOptions() {
	printer := sink.Each(func(_ context.Context, m envelope.Message) error {
		function, _ := m.Field("source", "function")
		fmt.Println(m.Severity(), m.Payload(), function)
		return nil
	})
	m, err := metlog.New(printer, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	logger := slog.New(slogsource.New(m, &slogsource.Options{Level: slog.LevelDebug, AddSource: true}))
	logger.Debug("cache is cold")
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: Debug cache is cold github.com/mozilla-services/metlog-go/source/slogsource_test.ExampleOptions
}
