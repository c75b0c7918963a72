package main

import (
	"context"
	"fmt"
	"log/syslog"
	"math"
	"net"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// cefSection: security events over TCP to a process that reads them, as cefsink sends them, which takes them out of messages
// and looks at every byte, and as log/syslog does, one by one. The clock stops when all has been read.
func cefSection(l *lab) error {
	d, err := startDrain()
	if err != nil {
		return err
	}
	defer d.stop()
	events := cefEvents(256, "/cart/checkout/payment")
	escaped := cefEvents(256, "/cart?next=/login&id=7")
	var shippers [4]*shipper
	var contenders [4]contender
	for i, s := range []*shipper{
		{name: "cefsink, 256 messages at once", events: events, open: withCefsink},
		{name: "log/syslog, the same lines one by one", events: events, open: withLogSyslog},
		{name: "cefsink, with an escape in each", events: escaped, open: withCefsink},
		{name: "the least: a write of 256 lines that are there", events: events, open: withWrite},
	} {
		if err := s.begin(d); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		shippers[i], contenders[i] = s, s.contender()
	}
	if err := compare(l, 256*400, contenders[:], []goal{
		{name: "cefsink / log/syslog", ours: 0, theirs: 1, atMost: 0.12},
		{name: "cefsink with escapes / log/syslog", ours: 2, theirs: 1},
		{name: "the least / log/syslog", ours: 3, theirs: 1},
	}); err != nil {
		return err
	}
	for _, s := range shippers {
		fmt.Printf("  %-58s %10.0f ns\n", "CPU  "+s.name, median(s.cpu[1:]))
	}
	for i, s := range shippers {
		count := median(s.allocations[1:])
		verdict := ""
		if i == 0 {
			verdict = "  goal 0: met"
			if math.Round(100*count) > 0 {
				verdict = "  goal 0: MISSED"
			}
		}
		fmt.Printf("  %-58s %10.2f%s\n", "allocations, "+s.name, count, verdict)
	}
	return cefLines(l, events)
}

// cefLines: an event's line alone.
func cefLines(l *lab, events []cef.Event) error {
	var b []byte
	lines := linesOf(events)
	var line cef.Line
	return compare(l, 256*1000, []contender{
		timed("cef.Event.Append", func(n int) {
			for i := range n {
				b, _ = events[i%len(events)].Append(b[:0])
			}
		}),
		timed("fmt.Appendf, a strings.Replacer for every value", func(n int) {
			for i := range n {
				b = appendPlainly(b[:0], &events[i%len(events)])
			}
		}),
		timed("cef.Line.Parse", func(n int) {
			for i := range n {
				must(line.Parse(lines[i%len(lines)]))
			}
		}),
	}, []goal{{name: "Append / fmt", ours: 0, theirs: 1}})
}

var (
	headerEscapes = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", " ", "\r", " ")
	valueEscapes  = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
)

// appendPlainly is what one writes without package cef.
func appendPlainly(b []byte, e *cef.Event) []byte {
	b = fmt.Appendf(b, "CEF:%d|%s|%s|%s|%s|%s|%d|", e.Version, headerEscapes.Replace(e.Vendor), headerEscapes.Replace(e.Product),
		headerEscapes.Replace(e.DeviceVersion), headerEscapes.Replace(e.Signature), headerEscapes.Replace(e.Name), e.Severity)
	for i, x := range e.Extensions {
		if i > 0 {
			b = append(b, ' ')
		}
		b = fmt.Appendf(b, "%s=%s", x.Key, valueEscapes.Replace(x.Value))
	}
	return b
}

// cefEvents are what a shop's login says.
func cefEvents(n int, request string) []cef.Event {
	events := make([]cef.Event, n)
	for i := range events {
		e := cef.Event{Vendor: "Example", Product: "shop", DeviceVersion: "1.4", Signature: cef.AuthFailure, Name: "bad login", Severity: 5}
		e.Set(cef.SourceAddress, fmt.Sprintf("203.0.113.%d", i%250))
		e.Set(cef.SourceUserName, fmt.Sprintf("customer-%d", 10_000+i))
		e.Set(cef.DestinationHostName, "shop.example.net")
		e.Set(cef.RequestURL, request)
		e.Set(cef.RequestMethod, "POST")
		e.Set(cef.RequestClientApplication, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
		e.SetLabelled(cef.DeviceCustomString1, "session", fmt.Sprintf("%08x", 0x1234567*(i+1)))
		events[i] = e
	}
	return events
}

func linesOf(events []cef.Event) []string {
	lines := make([]string, len(events))
	for i := range events {
		line, err := events[i].Append(nil)
		must(err)
		lines[i] = string(line)
	}
	return lines
}

// cefMessages are the events as a client sends them.
func cefMessages(events []cef.Event) []envelope.Message {
	return collected(func(m *metlog.Client) {
		for _, e := range events {
			m.CEF(context.Background(), e, cef.Meta{Priority: "WARNING", Facility: "LOCAL3"})
		}
	})
}

// collected returns the messages that a client sends.
func collected(send func(*metlog.Client)) (all []envelope.Message) {
	m, err := metlog.New(sink.Each(func(_ context.Context, m envelope.Message) error {
		all = append(all, m.Clone())
		return nil
	}), &metlog.Options{Logger: "shop", Hostname: "web3", ExceptionsPerSecond: 1 << 30})
	must(err)
	send(m)
	must(m.Shutdown(context.Background()))
	return all
}

// A shipper is one way to bring events to a server. open returns a function that sends them all once.
type shipper struct {
	name   string
	events []cef.Event
	open   func(addr string, events []cef.Event) (send func() error, err error)

	drain       *drain
	send        func() error
	size        int64     // what the events take
	cpu         []float64 // of this process, in nanoseconds an event, by round, the first of which warms up
	allocations []float64 // an event
}

// begin looks whether all events arrive, and how many bytes they take, and connects to d.
func (s *shipper) begin(d *drain) error {
	text, err := lookAt(func(addr string) (func() error, error) { return s.open(addr, s.events) })
	if err != nil {
		return err
	}
	for _, line := range linesOf(s.events) {
		if n := strings.Count(text, line); n != 1 {
			return fmt.Errorf("%s came %d times", line, n)
		}
	}
	s.drain, s.size = d, int64(len(text))
	s.send, err = s.open(d.addr, s.events)
	return err
}

func (s *shipper) contender() contender {
	return contender{s.name, func(n int) (float64, error) {
		rounds := n / len(s.events)
		before, err := s.drain.read()
		if err != nil {
			return 0, err
		}
		var memory [2]runtime.MemStats
		runtime.ReadMemStats(&memory[0])
		begin, cpu := time.Now(), cpuTime()
		for range rounds {
			if err := s.send(); err != nil {
				return 0, err
			}
		}
		s.cpu = append(s.cpu, float64(cpuTime()-cpu)/float64(n))
		runtime.ReadMemStats(&memory[1])
		if err := s.drain.wait(before + s.size*int64(rounds)); err != nil {
			return 0, err
		}
		s.allocations = append(s.allocations, float64(memory[1].Mallocs-memory[0].Mallocs)/float64(n))
		return float64(time.Since(begin)) / float64(n), nil
	}}
}

func withWrite(addr string, events []cef.Event) (func() error, error) {
	conn, err := net.Dial("tcp", addr)
	text := []byte(strings.Join(linesOf(events), "\n"))
	return func() error {
		_, err := conn.Write(text)
		return err
	}, err
}

// cpuTime is what this process has used, in user and system.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func withCefsink(addr string, events []cef.Event) (func() error, error) {
	to, err := cefsink.New("tcp://"+addr, nil)
	if err != nil {
		return nil, err
	}
	batch := cefMessages(events)
	return func() error { return to.Send(context.Background(), batch) }, nil
}

func withLogSyslog(addr string, events []cef.Event) (func() error, error) {
	to, err := syslog.Dial("tcp", addr, syslog.LOG_LOCAL3, "shop")
	if err != nil {
		return nil, err
	}
	lines := linesOf(events)
	return func() error {
		for _, line := range lines {
			if err := to.Warning(line); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
