package zerologsource_test

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/zerologsource"
)

// printer stands in for zmqsink, a router, or any other sink.
func printer() sink.Sink {
	return sink.Each(func(_ context.Context, m envelope.Message) error {
		fields, _ := m.Field()
		fmt.Println(m.Severity(), m.Type(), m.Payload(), fields.JSON())
		return nil
	})
}

func Example() {
	m, err := metlog.New(printer(), &metlog.Options{Logger: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	logger := zerolog.New(zerologsource.New(m, nil)).With().Str("service", "cart").Timestamp().Logger()
	logger.Info().Int("hosts", 3).Msg("v42 is out")
	logger.Warn().Str("disk", "sda").Err(fmt.Errorf("timeout")).Msg("slow disk")
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Info oldstyle v42 is out {"service":"cart","hosts":3}
	// Warning oldstyle slow disk {"service":"cart","disk":"sda","error":"timeout"}
}

func ExampleOptions() {
	m, err := metlog.New(printer(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	const audit = zerolog.Level(10)
	writer := zerologsource.New(m, &zerologsource.Options{Severity: func(l zerolog.Level) envelope.Severity {
		if l == audit {
			return envelope.Notice
		}
		return envelope.Info
	}})
	logger := zerolog.New(writer)
	logger.WithLevel(audit).Msg("key rotated")
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: Notice oldstyle key rotated {}
}
