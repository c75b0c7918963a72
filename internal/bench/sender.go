package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	zmq "github.com/pebbe/zmq4"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// senderSection: the CPU that sending adds to an application of 10,000 messages a second, above the same one without.
func senderSection(l *lab) error {
	const messages, rate = 30_000, 10_000
	kinds := []string{"none", "caller", "frames", "batched"}
	names := []string{"SendBytes in the caller", "metlog, an envelope a frame", "metlog, many envelopes a frame"}
	added := make([][]float64, len(names))
	for round := range l.rounds + 1 {
		costs := make([]float64, len(kinds))
		for i, kind := range kinds {
			cpu, err := l.sendFrom(kind, messages, rate)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			costs[i] = cpu
		}
		if round == 0 {
			continue
		}
		for i := range added {
			added[i] = append(added[i], costs[i+1]-costs[0])
		}
	}
	contenders := make([]contender, len(names))
	for i, name := range names {
		contenders[i].name = "CPU added by " + name
	}
	report(contenders, added, []goal{
		{name: "an envelope a frame / SendBytes in the caller", ours: 1, theirs: 0, atMost: 0.3},
		{name: "many a frame / SendBytes in the caller", ours: 2, theirs: 0, atMost: 0.2},
	})
	return nil
}

// sendFrom runs an application that sends to a C receiver and returns its CPU time per message, in nanoseconds.
func (l *lab) sendFrom(kind string, messages, rate int) (float64, error) {
	endpoint, err := freeEndpoint()
	if err != nil {
		return 0, err
	}
	pull := exec.Command(l.path("receive"), endpoint, strconv.Itoa(messages*10)) // it is killed before it has them
	if err := pull.Start(); err != nil {
		return 0, err
	}
	defer func() { _ = pull.Process.Kill(); _ = pull.Wait() }()
	app := exec.Command("/proc/self/exe", "sender", kind, endpoint, strconv.Itoa(messages), strconv.Itoa(rate))
	app.Stderr = os.Stderr
	if err := app.Run(); err != nil {
		return 0, err
	}
	usage := app.ProcessState.SysUsage().(*syscall.Rusage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / float64(messages), nil
}

// sender is that application: it makes messages in bursts of a millisecond and hands each to its kind of sending.
func sender(kind, endpoint string, args []string) error {
	messages, err1 := strconv.Atoi(args[0])
	rate, err2 := strconv.Atoi(args[1])
	must(err1)
	must(err2)
	emit, end, err := sending(kind, endpoint)
	if err != nil {
		return err
	}
	burst := rate / 1000
	begin := time.Now()
	for i := 0; i < messages; i += burst {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		for j := range burst {
			emit(i + j)
		}
	}
	return end()
}

func sending(kind, endpoint string) (emit func(i int), end func() error, err error) {
	fields := func(i int) []slog.Attr {
		return []slog.Attr{slog.Int("id", i), slog.String("customer", "c-20981"), slog.Float64("total", 19.5), slog.Bool("paid", true)}
	}
	encode := func(e *envelope.Encoder, slab []byte, i int) []byte {
		var m envelope.Message
		return e.Append(slab[:0], &m, time.Now(), envelope.Info, "order", "", fields(i))
	}
	encoder := envelope.NewEncoder("shop", os.Getpid(), "web3")
	slab := make([]byte, 0, 4096)
	switch kind {
	case "none":
		return func(i int) { slab = encode(encoder, slab, i) }, func() error { return nil }, nil
	case "caller":
		socket, err := zmq.NewSocket(zmq.PUSH)
		if err != nil {
			return nil, nil, err
		}
		var mu sync.Mutex
		return func(i int) {
			mu.Lock()
			defer mu.Unlock()
			slab = encode(encoder, slab, i)
			_, err := socket.SendBytes(slab, 0)
			must(err)
		}, socket.Close, socket.Connect(endpoint)
	}
	options := &zmqsink.Options{}
	if kind == "batched" {
		options.FrameBytes = 16 << 10
	}
	out, err := zmqsink.New(endpoint, options)
	if err != nil {
		return nil, nil, err
	}
	m, err := metlog.New(out, &metlog.Options{Logger: "shop"})
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	return func(i int) {
			m.Emit(ctx, "order", "", slog.Int("id", i), slog.String("customer", "c-20981"), slog.Float64("total", 19.5), slog.Bool("paid", true))
		}, func() error {
			if err := m.Shutdown(ctx); err != nil {
				return err
			}
			return out.Shutdown(ctx)
		}, nil
}
