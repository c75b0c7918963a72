package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
)

// A demo is a small shop in this process that sends to the router over the wire, and, unless -statsd names a real one, a
// stand-in for statsd that counts the lines it is sent.
type demo struct {
	sender *zmqsink.Sink
	udp    string
	statsd net.PacketConn // nil: a real one is named
	lines  atomic.Uint64  // the stand-in's
	last   atomic.Value   // its last line, a string; nothing before the first
}

// newDemo points c at the stand-in and makes the sender. It wants both inputs on loopback.
func newDemo(c *config) (*demo, error) {
	if len(c.zmq) == 0 || strings.HasPrefix(c.zmq[0], ">") || c.udp == "" {
		return nil, errors.New("-demo sends to a bound -zmq endpoint and to -udp: both are needed")
	}
	d := &demo{udp: c.udp}
	var err error
	if d.sender, err = zmqsink.New(strings.TrimPrefix(c.zmq[0], "@"), nil); err != nil {
		return nil, err
	}
	if c.statsd == "" {
		if d.statsd, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		c.statsd = d.statsd.LocalAddr().String()
	}
	return d, nil
}

// start begins the stream. The context it returns ends when the stream has ended, which is when ctx has and the last
// message is on its way: whoever reads the stream should stop then, and not before.
func (d *demo) start(ctx context.Context) context.Context {
	fmt.Println("A shop in this process sends some 200 messages a second over ZeroMQ and UDP. Ctrl-C ends it.")
	fmt.Println("One datagram in 400 is cut off on purpose: it becomes a dead letter in the archive.")
	streaming, ended := context.WithCancel(context.WithoutCancel(ctx))
	if d.statsd != nil {
		go d.countLines()
	}
	go func() {
		defer ended()
		if err := d.stream(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "router: demo:", err)
		}
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := d.sender.Shutdown(grace); err != nil {
			fmt.Fprintln(os.Stderr, "router: demo:", err)
		}
	}()
	return streaming
}

// stream sends about 200 messages a second, four fifths of them over ZeroMQ, until ctx ends.
func (d *demo) stream(ctx context.Context) error {
	datagrams, err := net.Dial("udp", d.udp)
	if err != nil {
		return err
	}
	defer func() { _ = datagrams.Close() }()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		batch := make([]envelope.Message, 0, 5)
		for range cap(batch) {
			m, err := shop().Seal()
			if err != nil {
				return err
			}
			batch = append(batch, m)
		}
		last := len(batch) - 1
		if err := d.sender.Send(ctx, batch[:last]); err != nil && ctx.Err() == nil {
			return err
		}
		// A datagram is sent whether or not anybody listens yet; that it was refused says so of an earlier one.
		_, _ = datagrams.Write([]byte(batch[last].JSON()))
		if n%400 == 99 {
			_, _ = datagrams.Write([]byte(`{"type": "counter", "payload`))
		}
	}
}

// shop returns one of the things that happen in a shop.
func shop() envelope.Draft {
	d := envelope.Draft{Logger: "shop", PID: os.Getpid(), Hostname: "demo"}
	pages := []string{"items", "cart", "checkout"}
	page := pages[rand.IntN(len(pages))]
	switch n := rand.IntN(10); {
	case n < 4:
		d.Type, d.Payload = envelope.TypeTimer, fmt.Sprint(1+rand.IntN(80))
		d.Fields = []slog.Attr{slog.String("name", "http."+page), slog.Float64("rate", 1)}
	case n < 6:
		d.Type, d.Payload = envelope.TypeCounter, "1"
		d.Fields = []slog.Attr{slog.String("name", page+".viewed"), slog.Float64("rate", 1)}
	case n < 7:
		d.Type, d.Payload = envelope.TypeGauge, fmt.Sprint(rand.IntN(40))
		d.Fields = []slog.Attr{slog.String("name", "carts.open"), slog.Float64("rate", 1)}
	case n < 9:
		d.Type, d.Payload = "order", "paid" // a type nobody defined up front
		d.Fields = []slog.Attr{
			slog.Int("id", rand.IntN(1_000_000)),
			slog.Group("customer", slog.String("country", "NZ"), slog.Bool("returning", rand.IntN(2) == 0)),
		}
	default:
		d.Type, d.Severity, d.Payload = envelope.TypeLog, envelope.Warning, "slow answer from the payment gateway"
	}
	return d
}

// report says what the stand-in was sent.
func (d *demo) report() string {
	if d == nil || d.statsd == nil {
		return ""
	}
	last, _ := d.last.Load().(string)
	return fmt.Sprintf("a stand-in for statsd got %d lines, the last %q\n", d.lines.Load(), last)
}

// countLines is the stand-in for statsd. It ends with the process.
func (d *demo) countLines() {
	packet := make([]byte, 64<<10)
	for {
		n, _, err := d.statsd.ReadFrom(packet)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(packet[:n]), "\n"), "\n")
		d.lines.Add(uint64(len(lines)))
		d.last.Store(lines[len(lines)-1])
	}
}
