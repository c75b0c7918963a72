package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/cactus/go-statsd-client/v5/statsd"
	zmq "github.com/pebbe/zmq4"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

// receiver runs one kind of receiver until it has taken the count in args[0]. The routers write to args[1] and send
// statsd's lines to args[2].
func receiver(kind, endpoint string, args []string) error {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	switch kind {
	case "source":
		return receiveInto(endpoint, nil, &counted{left: int64(count)})
	case "frames":
		return receiveInto(endpoint, unread{}, &counted{left: int64(count)})
	case "slow":
		return slowRouter(endpoint, count, args[1], args[2:])
	case "drain":
		return drainTCP(endpoint)
	case "recvbytes":
		return recvBytes(endpoint, count)
	case "router":
		return metlogRouter(endpoint, count, args[1], args[2])
	case "goodgo":
		return goodGo(endpoint, count, args[1], args[2])
	case "rsyslog":
		return rsyslog(endpoint, count, args[1], args[2])
	}
	return fmt.Errorf("no receiver %q", kind)
}

// counted is a sink that ends the program's run when it has seen enough.
type counted struct {
	next sink.Sink
	left int64
	stop context.CancelFunc
}

func (c *counted) Send(ctx context.Context, batch []envelope.Message) error {
	var err error
	if c.next != nil {
		err = c.next.Send(ctx, batch)
	}
	if atomic.AddInt64(&c.left, -int64(len(batch))) <= 0 {
		c.stop()
	}
	return err
}

// Borrows reports what the sink behind it does; without one, nothing is kept.
func (c *counted) Borrows() bool { return c.next == nil || sink.Borrows(c.next) }

// unread is a decoder that makes one message of a frame without reading it.
type unread struct{}

var blank = func() envelope.Message {
	m, err := envelope.Draft{Type: "blank"}.Seal()
	must(err)
	return m
}()

func (unread) AppendParse(batch []envelope.Message, _ string, _ int, _ envelope.Meta) ([]envelope.Message, error) {
	return append(batch, blank), nil
}

func receiveInto(endpoint string, decoder interface {
	AppendParse([]envelope.Message, string, int, envelope.Meta) ([]envelope.Message, error)
}, to *counted) error {
	ctx, stop := context.WithCancel(context.Background())
	to.stop = stop
	options := &zmqsource.Options{}
	if decoder != nil {
		options.Decoder = decoder
	}
	source, err := zmqsource.New([]string{endpoint}, options)
	if err != nil {
		return err
	}
	return source.Run(ctx, to)
}

// metlogRouter does what its rivals do: every message to a file of plain lines, timers and counters to statsd besides.
func metlogRouter(endpoint string, count int, dir, statsdAddr string) error {
	archive, err := archivesink.New(dir, &archivesink.Options{Compress: archivesink.Plain})
	if err != nil {
		return err
	}
	stats, err := statsdsink.New(statsdAddr, nil)
	if err != nil {
		return err
	}
	router, err := route.New(
		route.Rule{Name: "stats", When: route.Type("timer", "counter", "gauge"), To: stats},
		route.Rule{Name: "archive", To: archive},
	)
	if err != nil {
		return err
	}
	if err := receiveInto(endpoint, nil, &counted{next: router, left: int64(count)}); err != nil {
		return err
	}
	account := archive.Account()
	if account.Done != uint64(count) {
		return fmt.Errorf("%d of %d messages archived: %w", account.Done, count, account.LastError)
	}
	_ = archive.Close() // what is still open is thrown away
	return nil
}

// slowRouter has a bounded queue before a sink that falls far behind, or whose server does, what says which. It gets
// everything or, for "1%", one message in a hundred, the others being thrown away at once.
func slowRouter(endpoint string, count int, what string, args []string) error {
	slow, err := slowSink(what, args)
	if err != nil {
		return err
	}
	queue, err := sink.NewQueue(slow, &sink.QueueOptions{Full: sink.DropNewest})
	if err != nil {
		return err
	}
	defer func() { _ = queue.Close() }() // it is far behind: that is the point
	var left atomic.Int64
	rules := []route.Rule{{Name: "slow", To: queue}}
	if what == "1%" {
		hundredth := route.Func("1%", func(*envelope.Message) bool { return left.Add(1)%100 == 0 })
		rules = []route.Rule{{Name: "slow", When: hundredth, To: queue}, {Name: "rest", When: route.Otherwise, To: sink.Discard}}
	}
	router, err := route.New(rules...)
	if err != nil {
		return err
	}
	err = receiveInto(endpoint, nil, &counted{next: router, left: int64(count)})
	if a := queue.Account(); err == nil && (!a.Balanced() || a.HeldBytes > 64<<20) {
		err = fmt.Errorf("the queue's account: %+v", a)
	}
	return errors.Join(err, printPeak())
}

// printPeak prints this process's largest resident set, as proc(5) has it. What getrusage(2) says of a child begins with the
// size of its parent.
func printPeak() error {
	status, err := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, peakPrefix) {
			fmt.Print(line)
		}
	}
	return err
}

const peakPrefix = "VmHWM:"

func pull(endpoint string) (*zmq.Socket, error) {
	socket, err := zmq.NewSocket(zmq.PULL)
	if err != nil {
		return nil, err
	}
	return socket, socket.Bind(endpoint)
}

func recvBytes(endpoint string, count int) error {
	socket, err := pull(endpoint)
	if err != nil {
		return err
	}
	for range count {
		if _, err := socket.RecvBytes(0); err != nil {
			return err
		}
	}
	return nil
}

// goodGo is what a careful programmer writes in an afternoon with the usual libraries.
func goodGo(endpoint string, count int, path, statsdAddr string) error {
	socket, err := pull(endpoint)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 64<<10)
	stats, err := statsd.NewClientWithConfig(&statsd.ClientConfig{Address: statsdAddr, UseBuffered: true})
	if err != nil {
		return err
	}
	for range count {
		frame, err := socket.RecvBytes(0)
		if err != nil {
			return err
		}
		var m struct {
			Type, Logger, Payload string
			Severity              int
			Fields                json.RawMessage
		}
		if err := json.Unmarshal(frame, &m); err != nil {
			return err
		}
		switch m.Type {
		case "timer", "counter":
			var fields struct{ Name string }
			if err := json.Unmarshal(m.Fields, &fields); err != nil {
				return err
			}
			name := strings.ReplaceAll(m.Logger+"."+fields.Name, ":", "_")
			value, err := strconv.ParseInt(m.Payload, 10, 64)
			if err != nil {
				return err
			}
			if m.Type == "timer" {
				err = stats.Timing(name, value, 1)
			} else {
				err = stats.Inc(name, value, 1)
			}
			if err != nil {
				return err
			}
		}
		if _, err := out.Write(append(frame, '\n')); err != nil {
			return err
		}
	}
	return errors.Join(stats.Close(), out.Flush(), file.Close())
}
