package main

import (
	"errors"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source"
	"github.com/mozilla-services/metlog-go/source/udpsource"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

// endpoints makes the sinks a rule may name.
func endpoints(c *config) (map[string]sink.Sink, error) {
	archive, err := archivesink.New(c.archive, &archivesink.Options{Compress: c.compress, Sync: c.sync})
	if err != nil {
		return nil, err
	}
	sinks := map[string]sink.Sink{"archive": archive}
	if c.statsd != "" {
		// No queue before it: it cannot wait, and what it cannot say in a line of statsd's becomes a dead letter at the source.
		if sinks["statsd"], err = statsdsink.New(c.statsd, nil); err != nil {
			return nil, err
		}
	}
	return sinks, nil
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
