package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// watch writes, every second until ctx ends, what each source took in during that second and which rules it went by. On a
// terminal it writes over what it wrote before.
func watch(ctx context.Context, out *os.File, sources []sink.Accounter, router *route.Router, show *demo) {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before := make(map[string]uint64)
	up := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		parts := slices.Clone(sources)
		for _, rule := range router.Next() {
			parts = append(parts, rule.(sink.Accounter))
		}
		text := flows(time.Now(), parts, before) + show.report()
		if !terminal {
			fmt.Fprintln(out, text)
			continue
		}
		fmt.Fprint(out, up, "\x1b[?7l", text, "\x1b[?7h") // long lines are cut: a wrapped one would be two to go up
		up = fmt.Sprintf("\x1b[%dA\x1b[J", strings.Count(text, "\n"))
	}
}

// flows is a table of what each part was offered since before, which it brings up to date, and of what became of all it
// was ever offered.
func flows(now time.Time, parts []sink.Accounter, before map[string]uint64) string {
	accounts := make([]sink.Account, len(parts))
	width := 0
	for i, part := range parts {
		accounts[i] = part.Account()
		width = max(width, utf8.RuneCountInString(accounts[i].Name))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%-*s %8s %9s %7s %7s\n", width, now.Format(time.TimeOnly), "a second", "done", "refused", "dropped")
	for _, a := range accounts {
		var dropped uint64
		for _, n := range a.Dropped {
			dropped += n
		}
		fmt.Fprintf(&text, "%-*s %8d %9d %7d %7d\n", width, a.Name, a.Offered-before[a.Name], a.Done, a.Refused, dropped)
		before[a.Name] = a.Offered
	}
	return text.String()
}
