package main

import (
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
	demo, quiet bool
}

// An endpointList is a flag that may be given more than once.
type endpointList []string

func (l *endpointList) String() string { return fmt.Sprint([]string(*l)) }

func (l *endpointList) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// parse reads the flags. What is wrong with them it also writes to out.
func parse(args []string, out io.Writer) (*config, error) {
	c := &config{}
	compressions := map[string]archivesink.Compression{"none": archivesink.Plain, "gzip": archivesink.Gzip, "zstd": archivesink.Zstd}
	f := flag.NewFlagSet("router", flag.ContinueOnError)
	f.SetOutput(out)
	f.Var(&c.zmq, "zmq", "listen for ZeroMQ PUSH at `ENDPOINT`; >ENDPOINT connects; repeatable (default tcp://127.0.0.1:5565)")
	f.Var(&c.zmqSub, "zmq-sub", "subscribe to ZeroMQ PUB at `ENDPOINT`, bound here; >ENDPOINT connects; repeatable")
	f.StringVar(&c.udp, "udp", "", "listen for datagrams at `ADDR` (default 127.0.0.1:5565)")
	f.StringVar(&c.archive, "archive", "./metlog-archive", "archive into `DIR`")
	f.Func("compress", "compress sealed files: `none|gzip|zstd` (default gzip)", func(s string) error {
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
	f.BoolVar(&c.demo, "demo", false, "send a demonstration stream to the first -zmq endpoint and to -udp")
	f.BoolVar(&c.quiet, "quiet", false, "do not show what flows where")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("router: unexpected argument %q", f.Arg(0))
		fmt.Fprintln(out, err)
		return nil, err
	}
	if len(c.zmq) == 0 && len(c.zmqSub) == 0 && c.udp == "" {
		c.zmq, c.udp = endpointList{"tcp://127.0.0.1:5565"}, "127.0.0.1:5565"
	}
	return c, nil
}
