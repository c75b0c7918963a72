// The router: messages in over ZeroMQ and UDP, decided by rules, out to statsd and an archive of JSON lines.
//
// Without flags it listens on loopback and archives everything below ./metlog-archive. -h lists the flags; rules.go shows
// what a rules file says. SIGHUP reads the rules again; SIGINT or SIGTERM stops reading, drains, seals the archive and
// prints the account of every message. The exit status is 0 if it balances.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source"
	"github.com/mozilla-services/metlog-go/source/udpsource"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

func main() {
	config, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parse has said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, config); err != nil {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
}

// run composes the router, runs it until ctx ends and closes its books.
func run(ctx context.Context, c *config) error {
	var show *demo
	if c.demo {
		var err error
		if show, err = newDemo(c); err != nil {
			return err
		}
	}
	sinks, err := endpoints(c)
	if err != nil {
		return err
	}
	rules, err := c.readRules(sinks)
	if err != nil {
		return err
	}
	router, err1 := route.New(rules...)
	sources, parts, err2 := inputs(c, sinks["archive"])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, warning := range router.Check() {
		fmt.Fprintln(os.Stderr, "router: warning:", warning)
	}

	books := ledger.New(append(parts, router)...) // and everything they lead to
	if show != nil {
		ctx = show.start(ctx)
	}
	c.reload(ctx, router, sinks)
	if !c.quiet {
		go watch(ctx, os.Stdout, parts, router, show)
	}
	err = source.Run(ctx, router, sources...)
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = errors.Join(err, books.Shutdown(grace), books.Balance())
	fmt.Print("\n", books)
	if err == nil {
		fmt.Printf("Every message is accounted for. What was archived lies in %s\n", filepath.Join(c.archive, "dt=*", "hour=*"))
	}
	return err
}

// endpoints makes the sinks a rule may name.
func endpoints(c *config) (map[string]sink.Sink, error) {
	archive, err := archivesink.New(c.archive, &archivesink.Options{Compress: c.compress, Sync: c.sync})
	if err != nil {
		return nil, err
	}
	sinks := map[string]sink.Sink{"archive": archive}
	if c.statsd != "" {
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
		s, e := zmqsource.New(c.zmq, &zmqsource.Options{DeadLetter: archive})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	if len(c.zmqSub) > 0 {
		s, e := zmqsource.New(c.zmqSub, &zmqsource.Options{Subscribe: true, DeadLetter: archive})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	if c.udp != "" {
		s, e := udpsource.New(c.udp, &udpsource.Options{DeadLetter: archive})
		sources, parts, err = append(sources, s), append(parts, s), errors.Join(err, e)
	}
	return sources, parts, err
}
