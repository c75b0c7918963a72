package main

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/mozilla-services/metlog-go/sink"
)

// quietTime is how long nothing more is said of an endpoint of which something was.
const quietTime = 10 * time.Second

// complain says, until ctx ends, each new error of an endpoint. No sender hears of it where a queue is before the endpoint,
// or where it happens in the background, as in the archive.
func complain(ctx context.Context, out *screen, parts func() []sink.Accounter) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	type complaint struct {
		kind string
		at   time.Time
	}
	said := make(map[sink.Accounter]complaint)
	for {
		var now time.Time
		select {
		case <-ctx.Done():
			return
		case now = <-tick.C:
		}
		for _, part := range parts() {
			a := part.Account()
			if !isEndpoint(part) || a.LastError == nil {
				continue
			}
			text, last := a.LastError.Error(), said[part]
			if kind := strings.Map(wordsOnly, text); kind != last.kind && now.Sub(last.at) >= quietTime {
				said[part] = complaint{kind, now}
				out.say("%s: %s", a.Name, oneLine(strings.Replace(text, a.Name+": ", "", 1)))
			}
		}
	}
}

// isEndpoint reports whether a part is neither a source nor a sink that passes on to others, whose errors are those others'.
func isEndpoint(part sink.Accounter) bool {
	_, accepts := part.(sink.Sink)
	_, passes := part.(sink.Wrapper)
	return accepts && !passes
}

// wordsOnly leaves out digits: the same error comes with another port or time.
func wordsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// oneLine shortens what a peer may have had a hand in, and shows nothing that a terminal obeys.
func oneLine(text string) string {
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
