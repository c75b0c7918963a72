package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// A config is what the flags say.
type config struct {
	zmq, zmqSub endpointList
	udp         string
	archive     string
	compress    archivesink.Compression
	sync        bool
	statsd      string
	rules       string
	remote      bool
	demo, quiet bool
}

const help = `router takes messages in over ZeroMQ and UDP, decides by rules, and sends them on to statsd and an archive.
When no input is named, it listens on tcp://127.0.0.1:5565 (ZeroMQ PUSH) and on 127.0.0.1:5565 (UDP).

`

// An endpointList is a flag that may be given more than once.
type endpointList []string

func (l *endpointList) String() string { return fmt.Sprint([]string(*l)) }

func (l *endpointList) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// parse reads the flags. What is wrong with them it also writes to out, as it does the help that -h asks for.
func parse(args []string, out io.Writer) (*config, error) {
	c := &config{}
	compressions := map[string]archivesink.Compression{"none": archivesink.Plain, "gzip": archivesink.Gzip, "zstd": archivesink.Zstd}
	f := flag.NewFlagSet("router", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {}
	f.Var(&c.zmq, "zmq", "listen for ZeroMQ PUSH at `ENDPOINT`; >ENDPOINT connects; repeatable")
	f.Var(&c.zmqSub, "zmq-sub", "subscribe to ZeroMQ PUB at `ENDPOINT`, bound here; >ENDPOINT connects; repeatable")
	f.StringVar(&c.udp, "udp", "", "listen for datagrams at `ADDR`")
	f.StringVar(&c.archive, "archive", "./metlog-archive", "archive into `DIR`")
	f.Func("compress", "compress what is archived: `none|gzip|zstd` (default gzip)", func(s string) error {
		compress, ok := compressions[s]
		if !ok {
			return fmt.Errorf("none, gzip or zstd, not %q", s)
		}
		c.compress = compress
		return nil
	})
	f.BoolVar(&c.sync, "sync", false, "fsync the archive before a message counts as archived")
	f.StringVar(&c.statsd, "statsd", "", "send timers, counters and gauges to the statsd at `ADDR` (UDP)")
	f.StringVar(&c.rules, "rules", "", "route by the rules in `FILE`, read again on SIGHUP")
	f.BoolVar(&c.remote, "allow-remote", false, "let inputs be bound beyond loopback: anybody who reaches them can send")
	f.BoolVar(&c.demo, "demo", false, "send a demonstration stream to the first -zmq endpoint and to -udp")
	f.BoolVar(&c.quiet, "quiet", false, "do not show what flows where")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help)
		f.PrintDefaults()
		return nil, err
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(out, err)
	}
	if err != nil {
		fmt.Fprintln(out, "router -h lists the flags.")
		return nil, err
	}
	if len(c.zmq) == 0 && len(c.zmqSub) == 0 && c.udp == "" {
		c.zmq, c.udp = endpointList{"tcp://127.0.0.1:5565"}, "127.0.0.1:5565"
	}
	return c, nil
}
