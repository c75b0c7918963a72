package main

import (
	"errors"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source"
	"github.com/mozilla-services/metlog-go/source/udpsource"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

// endpoints makes the sinks a rule may name.
func endpoints(c *config) (map[string]sink.Sink, error) {
	archive, err := newArchive(c)
	if err != nil {
		return nil, err
	}
	sinks := map[string]sink.Sink{"archive": archive}
	add := func(name string, waits bool, to sink.Sink, e error) {
		if e == nil && waits {
			to, e = sink.NewQueue(to, &sink.QueueOptions{Full: sink.Overflow, GiveUp: sink.GiveUp{Age: time.Hour}, DeadLetter: archive})
		}
		sinks[name], err = to, errors.Join(err, e)
	}
	// What waits for a peer has a queue before it, which tries again for an hour; what has no room in it becomes a dead
	// letter at once. Datagrams cannot wait; what statsd has no line for becomes a dead letter at the source.
	if c.statsd != "" {
		addr, tcp := strings.CutPrefix(c.statsd, "tcp://")
		to, e := statsdsink.New(addr, &statsdsink.Options{TCP: tcp})
		add("statsd", tcp, to, e)
	}
	if c.cef != "" {
		to, e := newCEF(c)
		add("cef", !strings.HasPrefix(c.cef, "udp://"), to, e)
	}
	if c.sentry != "" {
		to, e := sentrysink.New(c.sentry, &sentrysink.Options{Allow: c.sentryAllow})
		add("sentry", true, to, e)
	}
	return sinks, err
}

func newArchive(c *config) (*archivesink.Sink, error) {
	options := archivesink.Options{Compress: c.compress, Sync: c.sync}
	if c.hdfs.namenodes != "" {
		store, err := hdfssink.New(strings.Split(c.hdfs.namenodes, ","), c.hdfs.root, &hdfssink.Options{User: c.hdfs.user})
		if err != nil {
			return nil, err
		}
		options.Ship = store
	}
	return archivesink.New(c.archive, &options)
}

// inputs makes the sources, and lists them once more as what keeps an account. What they cannot decode or deliver goes to
// the archive as dead letters.
func inputs(c *config, archive sink.Sink) (sources []source.Source, parts []sink.Accounter, err error) {
	if len(c.zmq) > 0 {
		s, e := zmqsource.New(c.zmq, &zmqsource.Options{DeadLetter: archive, AllowRemote: c.remote})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	if len(c.zmqSub) > 0 {
		s, e := zmqsource.New(c.zmqSub, &zmqsource.Options{Subscribe: true, DeadLetter: archive, AllowRemote: c.remote})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	if c.udp != "" {
		s, e := udpsource.New(c.udp, &udpsource.Options{DeadLetter: archive, AllowRemote: c.remote})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	return sources, parts, err
}
