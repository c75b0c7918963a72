package statsdsink

import (
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// key returns the line that a message of the kit becomes.
func key(m *envelope.Message) string {
	line, err := lineOf(m, PrefixLogger)
	if err != nil {
		return ""
	}
	return line
}

func TestConformanceUDP(t *testing.T) {
	var server *udpServer
	var received []string
	sinktest.Run(t, sinktest.Harness{
		New: func(t testing.TB) sink.Sink {
			server, received = listenUDP(t), nil
			return newSink(t, server.addr(), nil)
		},
		Received: func(t testing.TB) []string {
			received = append(received, server.waiting(t)...)
			return received
		},
		Key:     key,
		Ordered: true,
	})
}

func TestConformanceTCP(t *testing.T) {
	var server *tcpServer
	sinktest.Run(t, sinktest.Harness{
		New: func(t testing.TB) sink.Sink {
			server = listenTCP(t)
			return newSink(t, server.addr, &Options{TCP: true})
		},
		Received: func(testing.TB) []string { return server.received() },
		Key:      key,
		Fail: func(t testing.TB, failing bool) {
			if server.down(); !failing {
				server.up(t)
			}
		},
		Ordered: true,
	})
}
