//go:build cgo

package zmqsink

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       Options
		plain   bool
		bind    bool
		message func(int) envelope.Message // nil: the kit's
	}{
		{"connects", Options{HighWater: 10}, false, false, large},
		{"without the raw pointer", Options{HighWater: 10}, true, false, large},
		{"binds", Options{}, false, true, nil},
		{"many a frame", Options{FrameBytes: 10_000}, false, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var to *receiver
			h := sinktest.Harness{
				New: func(t testing.TB) sink.Sink {
					var endpoint string
					if c.bind {
						endpoint = "@tcp://" + freePort(t)
						to = receive(t, ">"+endpoint[1:])
					} else {
						to = receive(t, "tcp://127.0.0.1:*")
						endpoint = to.address
					}
					s, err := New(endpoint, &c.o)
					if err != nil {
						t.Fatal(err)
					}
					s.plain = c.plain
					return s
				},
				Received: func(testing.TB) []string { return to.JSON() },
				Message:  c.message,
				Ordered:  true,
			}
			if c.message != nil {
				h.Stall = func(_ testing.TB, stalled bool) { to.stall(stalled) }
			}
			sinktest.Run(t, h)
		})
	}
}

// large returns the i-th of messages so large that those of a check do not all fit between a sink and a stalled peer.
func large(i int) envelope.Message {
	m, err := envelope.Draft{Type: "large", Payload: fmt.Sprintf("%d %s", i, strings.Repeat("x", 32_000))}.Seal()
	if err != nil {
		panic(err)
	}
	return m
}

// freePort returns the address of a port that was free a moment ago.
func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
