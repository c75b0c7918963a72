// The router: messages in over ZeroMQ and UDP, decided by rules, out to statsd, ArcSight, Sentry and an archive of JSON
// lines, which can be shipped to HDFS.
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
	"io/fs"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/source"
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
	books := ledger.New(append(parts, router)...) // and everything they lead to
	out := newScreen(os.Stdout)
	warn(out, router)
	c.reload(ctx, out, router, sinks)
	all := func() []sink.Accounter { return everything(parts, router, sinks["archive"]) }
	go complain(ctx, out, all)
	if show != nil {
		ctx = show.start(ctx)
	}
	if !c.quiet {
		go watch(ctx, out, all, show)
		context.AfterFunc(ctx, func() { out.say("draining; Ctrl-C again ends at once") })
	}
	err = source.Run(ctx, router, sources...)
	err = errors.Join(err, drain(books), books.Balance())
	if account := router.Account(); err == nil || account.Offered > 0 {
		fmt.Print("\n", books, remarks(all()))
	}
	if err == nil {
		fmt.Print(conclude(c, parts))
	}
	return err
}

const patience = 20 * time.Second

// drain ends every part once it has passed on what it holds, if that takes no longer than patience.
func drain(books *ledger.Ledger) error {
	grace, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := books.Shutdown(grace)
	if err != nil && grace.Err() != nil {
		return fmt.Errorf("%v were not enough to drain: %w", patience, err)
	}
	return err
}

// conclude says in a sentence or two what the books come to, and where the archive is.
func conclude(c *config, sources []sink.Accounter) string {
	var lost uint64
	for _, s := range sources {
		for reason, n := range s.Account().Dropped {
			if reason != "deadletter" {
				lost += n
			}
		}
	}
	verdict := "Every message is accounted for."
	if lost > 0 {
		verdict = fmt.Sprintf("The books balance, but %d messages were dropped: see there.", lost)
	}
	files := filepath.Join(c.archive, "dt=*", "hour=*")
	if c.hdfs.namenodes == "" {
		return fmt.Sprintf("%s The archive is %s\n", verdict, files)
	}
	shipped := path.Join(c.hdfs.root, "dt=*", "hour=*")
	kept, _ := fs.Glob(os.DirFS(c.archive), "dt=*/hour=*/part-*")
	if len(kept) == 0 {
		return fmt.Sprintf("%s The archive is %s in HDFS\n", verdict, shipped)
	}
	return fmt.Sprintf("%s The archive is %s in HDFS. Files that HDFS has not taken: %d, in %s; a router with the same "+
		"-archive and -hdfs ships them\n", verdict, shipped, len(kept), files)
}
