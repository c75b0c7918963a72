//go:build cgo

package zmqsink_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

// A sink sends what it is given to a router; here the router is in the same program and prints.
func Example() {
	dir, err := os.MkdirTemp("", "metlog")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	endpoint := "ipc://" + filepath.Join(dir, "router")

	router, err := zmqsink.New(endpoint, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := envelope.Draft{Type: "deploy", Payload: "v42 is out", Fields: []slog.Attr{slog.Int("hosts", 3)}}.Seal()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := router.Send(context.Background(), []envelope.Message{m}); err != nil {
		fmt.Println(err)
	}
	receiveOne(endpoint)
	if err := router.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println("handed to ZeroMQ:", router.Account().Done)
	// Output:
	// deploy v42 is out
	// handed to ZeroMQ: 1
}

// Many envelopes share a frame where the receiver can read that, as metlog's own can.
func ExampleOptions() {
	_, err := zmqsink.New("tcp://127.0.0.1:5565", &zmqsink.Options{FrameBytes: 16 << 10})
	fmt.Println(err)
	_, err = zmqsink.New("@tcp://*:5565", nil) // binds: anybody could take the messages away
	fmt.Println(err)
	// Output:
	// <nil>
	// zmqsink: endpoint "@tcp://*:5565": other machines could connect; set AllowRemote to let them
}

// receiveOne runs a source until it has printed one message.
func receiveOne(endpoint string) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	source, err := zmqsource.New([]string{endpoint}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	show := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.Type(), m.Payload())
		stop()
		return nil
	})
	if err := source.Run(ctx, show); err != nil {
		fmt.Println(err)
	}
}
