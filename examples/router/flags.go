package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// A config is what the flags say.
type config struct {
	zmq, zmqSub list
	udp         string
	archive     string
	compress    archivesink.Compression
	sync        bool
	statsd      string
	cef         string
	cefTLS      struct{ ca, cert, key string }
	sentry      string
	sentryAllow list
	hdfs        struct{ namenodes, root, user string }
	rules       string
	remote      bool
	demo, quiet bool
}

const help = `router takes messages in over ZeroMQ and UDP, decides by rules, and sends them on: to statsd, to ArcSight and its like
(CEF over syslog), to Sentry, and to an archive, on this machine or in HDFS.
When no input is named, it listens on tcp://127.0.0.1:5565 (ZeroMQ PUSH) and on 127.0.0.1:5565 (UDP).

`

// A list is a flag that may be given more than once.
type list []string

func (l *list) String() string { return fmt.Sprint([]string(*l)) }

func (l *list) Set(s string) error {
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
	f.StringVar(&c.statsd, "statsd", "", "send timers, counters and gauges to the statsd at `ADDR` (UDP; tcp://ADDR: TCP)")
	f.StringVar(&c.cef, "cef", "", "send security events to the syslog server at `URL`: tls://, tcp:// or udp://HOST:PORT, unix:// or\n"+
		"unixgram://PATH; the facilities that messages may ask for are LOCAL0 to LOCAL7, idents none")
	f.StringVar(&c.cefTLS.ca, "cef-ca", "", "trust the certificate authorities in `FILE` (PEM), not the system's")
	f.StringVar(&c.cefTLS.cert, "cef-cert", "", "show the syslog server the certificate in `FILE` (PEM)")
	f.StringVar(&c.cefTLS.key, "cef-key", "", "whose private key is in `FILE` (PEM)")
	f.StringVar(&c.sentry, "sentry", "", "send exceptions to the Sentry project with this `DSN`")
	f.Var(&c.sentryAllow, "sentry-allow", "let a message's own DSN lead to the Sentry at `HOST:PORT`; repeatable")
	f.StringVar(&c.hdfs.namenodes, "hdfs", "", "ship sealed files of the archive to HDFS, by `NAMENODE[,NAMENODE]`, each HOST:PORT")
	f.StringVar(&c.hdfs.root, "hdfs-root", "/metlog", "there into the directory `PATH`")
	f.StringVar(&c.hdfs.user, "hdfs-user", "", "there as `USER` (default who runs this)")
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
	if err := c.alone(f); err != nil {
		fmt.Fprintf(out, "%v\nrouter -h lists the flags.\n", err)
		return nil, err
	}
	if len(c.zmq) == 0 && len(c.zmqSub) == 0 && c.udp == "" {
		c.zmq, c.udp = list{"tcp://127.0.0.1:5565"}, "127.0.0.1:5565"
	}
	return c, nil
}

// alone names a flag that was given without one that it belongs to, or without a value: "$NAMENODE" may be unset.
func (c *config) alone(f *flag.FlagSet) (err error) {
	f.Visit(func(given *flag.Flag) {
		owner, _, belongs := strings.Cut(given.Name, "-")
		switch {
		case given.Value.String() == "" && given.Name != "compress":
			err = fmt.Errorf("-%s is empty", given.Name)
		case !belongs || f.Lookup(owner) == nil || owner == "zmq":
		case owner == "cef" && !strings.HasPrefix(c.cef, "tls://"):
			err = fmt.Errorf("-%s is for -cef tls://HOST:PORT", given.Name)
		case f.Lookup(owner).Value.String() == "":
			err = fmt.Errorf("-%s is for -%s, which is not given", given.Name, owner)
		}
	})
	if err == nil && (c.cefTLS.cert == "") != (c.cefTLS.key == "") {
		err = errors.New("-cef-cert and -cef-key go together: one is not given")
	}
	return err
}
