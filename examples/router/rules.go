package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// The rules that hold without -rules. A rules file looks the same: a line a rule, `name: expression -> sink`, where the
// sink is archive or, with -statsd, statsd.
const (
	archiveOnly = `archive: OTHERWISE -> archive`
	withStatsd  = `
stats:   Type in ("timer", "counter", "gauge") -> statsd
archive: OTHERWISE -> archive`
)

// readRules returns the rules of the -rules file, or the default ones.
func (c *config) readRules(sinks map[string]sink.Sink) ([]route.Rule, error) {
	var text io.Reader = strings.NewReader(archiveOnly)
	switch {
	case c.rules != "":
		file, err := os.Open(c.rules)
		if err != nil {
			return nil, fmt.Errorf("-rules: %w", err)
		}
		defer func() { _ = file.Close() }()
		text = file
	case c.statsd != "":
		text = strings.NewReader(withStatsd)
	}
	rules, err := route.ParseRules(text, sinks)
	if err == nil && len(rules) == 0 {
		err = errors.New("no rule")
	}
	if err != nil && sinks["statsd"] == nil && strings.Contains(err.Error(), "sink statsd") {
		err = fmt.Errorf("%w (-statsd says where it is)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("-rules %s: %w", c.rules, err)
	}
	return rules, nil
}

// reload has the rules read again at each SIGHUP until ctx ends. Rules that are wrong are told and change nothing.
func (c *config) reload(ctx context.Context, out *screen, router *route.Router, sinks map[string]sink.Sink) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
			}
			rules, err := c.readRules(sinks)
			if err == nil {
				err = router.Replace(rules...)
			}
			if err != nil {
				out.say("the rules stay as they were: %v", err)
				continue
			}
			out.say("rules now in force: %s", names(rules))
			warn(out, router)
		}
	}()
}

// warn tells of rules that cannot be meant so.
func warn(out *screen, router *route.Router) {
	for _, warning := range router.Check() {
		out.say("warning: %s", warning)
	}
}

func names(rules []route.Rule) string {
	var names []string
	for _, rule := range rules {
		names = append(names, rule.Name)
	}
	return strings.Join(names, ", ")
}
