package zerologsink_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/zerologsink"
)

func Example() {
	console := zerologsink.New(zerolog.New(os.Stdout))
	m, err := envelope.Draft{
		Timestamp: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Logger:    "shop",
		Type:      envelope.TypeTimer,
		Payload:   "38",
		Fields:    []slog.Attr{slog.String("name", "cart.store"), slog.Int("rate", 1)},
	}.Seal()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := console.Send(context.Background(), []envelope.Message{m}); err != nil {
		fmt.Println(err)
	}
	// Output: {"level":"info","time":"2026-03-02T12:00:00Z","type":"timer","logger":"shop","fields":{"name":"cart.store","rate":1},"message":"timer cart.store 38"}
}
