package statsdsink_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
)

func Example() {
	server, err := net.ListenPacket("udp", "127.0.0.1:0") // stands in for statsd
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	stats, err := statsdsink.New(server.LocalAddr().String(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stats.Close()
	var batch []envelope.Message
	for _, draft := range []envelope.Draft{
		{Type: envelope.TypeTimer, Logger: "shop", Payload: "38", Fields: []slog.Attr{slog.String("name", "views.cart")}},
		{Type: envelope.TypeCounter, Logger: "shop", Payload: "1", Fields: []slog.Attr{slog.String("name", "hits"), slog.Float64("rate", 0.1)}},
		{Type: envelope.TypeGauge, Logger: "shop", Payload: "-7", Fields: []slog.Attr{slog.String("name", "balance")}},
	} {
		m, err := draft.Seal()
		if err != nil {
			fmt.Println(err)
			return
		}
		batch = append(batch, m)
	}
	if err := stats.Send(context.Background(), batch); err != nil {
		fmt.Println(err)
		return
	}

	datagram := make([]byte, 1432)
	n, _, err := server.ReadFrom(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", datagram[:n])
	// Output:
	// shop.views.cart:38|ms
	// shop.hits:1|c|@0.1
	// shop.balance:0|g
	// shop.balance:-7|g
}
