package udpsource_test

import (
	"context"
	"fmt"
	"net"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/udpsource"
)

func Example() {
	udp, err := udpsource.New("127.0.0.1:0", nil) // 0: any free port
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go send(ctx, udp)
	show := sink.Each(func(_ context.Context, m envelope.Message) error { // a program has a route.Router here
		fmt.Println(m.Type(), m.Logger(), m.Payload())
		cancel()
		return nil
	})
	if err := udp.Run(ctx, show); err != nil {
		fmt.Println(err)
	}
	fmt.Println("done:", udp.Account().Done)
	// Output:
	// timer shop 38
	// done: 1
}

// send is what a client does.
func send(ctx context.Context, udp *udpsource.Source) {
	addr, err := udp.Addr(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := net.DialUDP("udp", nil, addr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(`{"type":"timer","logger":"shop","payload":"38","fields":{"name":"cart"}}`)); err != nil {
		fmt.Println(err)
	}
}
