//go:build cgo

package zmqsource_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
	zmq "github.com/pebbe/zmq4"
)

// A source runs into a sink until its context ends.
func Example() {
	dir, err := os.MkdirTemp("", "metlog")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	endpoint := "ipc://" + filepath.Join(dir, "router")

	source, err := zmqsource.New([]string{endpoint}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	show := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.Type(), m.Payload())
		stop()
		return nil
	})
	go client(endpoint)
	if err := source.Run(ctx, show); err != nil {
		fmt.Println(err)
	}
	fmt.Println("delivered:", source.Account().Done)
	// Output:
	// counter 1
	// delivered: 1
}

// Python's PUB clients connect, so the source binds; Node's bind, so it connects to each of them.
func ExampleNew() {
	source, err := zmqsource.New(
		[]string{"tcp://127.0.0.1:5565", ">tcp://web1.example.net:5565", ">tcp://web2.example.net:5565"},
		&zmqsource.Options{Subscribe: true},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(source.Account().Name)
	// Output:
	// zmq sub tcp://127.0.0.1:5565 >tcp://web1.example.net:5565 >tcp://web2.example.net:5565
}

// client sends one message, as any metlog client does.
func client(endpoint string) {
	push, err := zmq.NewSocket(zmq.PUSH)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = push.Close() }()
	if err := push.Connect(endpoint); err != nil {
		fmt.Println(err)
	}
	if _, err := push.Send(`{"type":"counter","payload":"1","fields":{"name":"cart.added"},"env_version":"0.8"}`, 0); err != nil {
		fmt.Println(err)
	}
}
