package udpsource_test

import (
	"context"
	"fmt"
	"net"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/udpsource"
)

// A printer is a sink that prints what it is sent and ends the example. A program runs its sources into a route.Router.
type printer struct{ end context.CancelFunc }

func (p printer) Send(_ context.Context, batch []envelope.Message) error {
	for i := range batch {
		fmt.Println(batch[i].Type(), batch[i].Logger(), batch[i].Payload())
	}
	p.end()
	return nil
}

func Example() {
	udp, err := udpsource.New("127.0.0.1:0", nil) // 0: any free port
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go send(ctx, udp)
	if err := udp.Run(ctx, printer{cancel}); err != nil {
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
