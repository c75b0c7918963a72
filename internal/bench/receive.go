package main

import (
	"os/exec"
	"strconv"
)

// The process benchmarks. All receive from one C sender over loopback TCP, on the same cores.

func (l *lab) floor(name string, args ...string) program {
	return program{name, func(endpoint string) *exec.Cmd {
		return exec.Command(l.path("receive"), append([]string{endpoint}, args...)...)
	}}
}

func (l *lab) self(name, kind string, args ...string) program {
	return program{name, func(endpoint string) *exec.Cmd {
		return exec.Command("/proc/self/exe", append([]string{"receiver", kind, endpoint}, args...)...)
	}}
}

// receiveSection: ZeroMQ receive alone, CPU per message.
func receiveSection(l *lab) error {
	const frames = 1_000_000
	n := strconv.Itoa(frames)
	return l.race(trial{frames: frames}, []program{
		l.self("metlog zmqsource: receive, parse, offer", "source", n),
		l.self("metlog zmqsource: receive and offer, no parse", "frames", n),
		l.self("pebbe RecvBytes", "recvbytes", n),
		l.floor("C zmq_msg_recv loop", n),
	}, nil, []goal{
		{name: "receive CPU / C loop", ours: 1, theirs: 3, atMost: 1.15},
		{name: "receive CPU / pebbe RecvBytes", ours: 1, theirs: 2, atMost: 1},
	})
}

// routerSection: the whole router, flat out, beside a C program that only receives and writes, and beside peers.
func routerSection(l *lab) error {
	const frames = 500_000
	n := strconv.Itoa(frames)
	return l.race(trial{frames: frames}, []program{
		l.self("metlog: ZeroMQ, route, JSON lines + statsd", "router", n, l.output(), l.statsd),
		l.floor("C: ZeroMQ, JSON lines", n, l.output()),
		l.self("plain good Go: RecvBytes, encoding/json, bufio, statsd", "goodgo", n, l.output(), l.statsd),
		l.self("rsyslog: imczmq, mmjsonparse, omfile, omfwd", "rsyslog", n, l.output(), l.statsd),
	}, []goal{
		{name: "wall / C that only receives and writes", ours: 0, theirs: 1, atMost: 1 / 0.8},
		{name: "plain good Go / ours, wall", ours: 2, theirs: 0, atLeast: 5},
		{name: "rsyslog / ours, wall", ours: 3, theirs: 0, atLeast: 10},
	}, []goal{
		{name: "CPU / C that only receives and writes", ours: 0, theirs: 1, atMost: 1.4},
		{name: "plain good Go / ours, CPU", ours: 2, theirs: 0, atLeast: 5},
		{name: "rsyslog / ours, CPU", ours: 3, theirs: 0, atLeast: 10},
	})
}

// ordinarySection: the same at 10,000 messages a second, where wake-ups cost more than messages.
func ordinarySection(l *lab) error {
	const frames = 30_000
	n := strconv.Itoa(frames)
	return l.race(trial{frames: frames, rate: 10_000}, []program{
		l.self("metlog: ZeroMQ, route, JSON lines + statsd", "router", n, l.output(), l.statsd),
		l.floor("C: ZeroMQ, JSON lines", n, l.output()),
	}, nil, []goal{
		{name: "CPU at 10,000 a second / C", ours: 0, theirs: 1, atMost: 1.5},
	})
}
