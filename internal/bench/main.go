// Bench holds metlog beside its peers and beside programs in C that do the least anybody could do, in one run, and prints
// ratios: go run . [-rounds 6] [-only PATTERN]. Times drift on a shared machine, so each round runs every contender once
// and a ratio is taken within the round; the table shows medians with their range, and the goal.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
)

func main() {
	// The senders and receivers of the process benchmarks are this program again.
	if len(os.Args) > 4 {
		role := map[string]func(kind, endpoint string, args []string) error{"receiver": receiver, "sender": sender}[os.Args[1]]
		if role != nil {
			if err := role(os.Args[2], os.Args[3], os.Args[4:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	rounds := flag.Int("rounds", 6, "rounds of every contender")
	only := flag.String("only", "", "run only the sections that match `PATTERN`")
	flag.Parse()
	if err := run(*rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A section is a group of rows that share their contenders.
type section struct {
	name string
	run  func(*lab) error
}

func sections() []section {
	return []section{
		{"emit", emitSection},
		{"off", offSection},
		{"http", httpSection},
		{"sender", senderSection},
		{"parse", parseSection},
		{"route", routeSection},
		{"receive", receiveSection},
		{"router", routerSection},
		{"router-10k", ordinarySection},
		{"cef", cefSection},
		{"sentry", sentrySection},
		{"hdfs", hdfsSection},
		{"memory", memorySection},
		{"memory-endpoints", slowEndpointSection},
	}
}

func run(rounds int, only string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	l := &lab{rounds: rounds}
	if l.dir, err = os.MkdirTemp("", "metlog-bench"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(l.dir) }()
	if err := l.build(); err != nil {
		return err
	}
	// Nobody reads what the receivers send to statsd, but somebody must be there: the kernel answers a closed port.
	stats, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stats.Close()
	l.statsd = stats.LocalAddr().String()
	fmt.Printf("%s, %d cores, %d rounds; medians [min-max]\n", runtime.Version(), runtime.NumCPU(), rounds)
	for _, s := range sections() {
		if !pattern.MatchString(s.name) {
			continue
		}
		fmt.Printf("\n%s\n", s.name)
		if err := s.run(l); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// A lab is what the sections share: a folder, the floor programs and the messages.
type lab struct {
	rounds int
	dir    string
	corpus string // a file of messages, one a line
	statsd string // host:port where statsd's lines go
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// output is where a receiver writes; it is removed when the receiver has ended, so that nobody's CPU counts for that.
func (l *lab) output() string { return l.path("out") }

// build compiles the floor programs and writes the messages.
func (l *lab) build() error {
	for _, args := range [][]string{
		{"gcc", "-O2", "-o", l.path("send"), "floor/send.c", "-lzmq"},
		{"gcc", "-O2", "-o", l.path("receive"), "floor/receive.c", "-lzmq"},
		{"g++", "-O3", "-march=native", "-o", l.path("simdjson"), "floor/simdjson.cpp", "-lsimdjson"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", args, err, out)
		}
	}
	l.corpus = l.path("corpus")
	return os.WriteFile(l.corpus, []byte(corpusText()), 0o600)
}
