package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// byDefault are the rules that hold without -rules, each if its sink is there. A rules file looks the same: a line a rule,
// `name: expression -> sink`.
var byDefault = []struct{ sink, rule string }{
	{"statsd", `stats:    Type in ("timer", "counter", "gauge") -> statsd`},
	{"cef", `security: Type == "cef" -> cef`},
	{"sentry", `crashes:  Type == "sentry" -> sentry`},
	{"archive", `archive:  OTHERWISE -> archive`},
}

func defaultRules(sinks map[string]sink.Sink) string {
	var text strings.Builder
	for _, d := range byDefault {
		if sinks[d.sink] != nil {
			fmt.Fprintln(&text, d.rule)
		}
	}
	return text.String()
}

// readRules returns the rules of the -rules file, or the default ones.
func (c *config) readRules(sinks map[string]sink.Sink) ([]route.Rule, error) {
	if c.rules == "" {
		return route.ParseRules(strings.NewReader(defaultRules(sinks)), sinks)
	}
	file, err := os.Open(c.rules)
	if err != nil {
		return nil, fmt.Errorf("-rules: %w", err)
	}
	defer func() { _ = file.Close() }()
	rules, err := route.ParseRules(file, sinks)
	if err == nil && len(rules) == 0 {
		err = errors.New("no rule")
	}
	if err == nil {
		return rules, nil
	}
	for _, d := range byDefault {
		if sinks[d.sink] == nil && strings.Contains(err.Error(), "sink "+d.sink+" ") {
			err = fmt.Errorf("%w (-%s says where it is)", err, d.sink)
		}
	}
	return nil, fmt.Errorf("-rules %s: %w", c.rules, err)
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
