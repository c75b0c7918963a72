package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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
		text := flows(parts, before) + show.report()
		fmt.Fprint(out, up, text)
		if terminal {
			up = fmt.Sprintf("\x1b[%dA\x1b[J", strings.Count(text, "\n"))
		}
	}
}

// flows is a table of what each part was offered since before, which it brings up to date, and of what became of it all.
func flows(parts []sink.Accounter, before map[string]uint64) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  %8s %10s %8s %8s\n", time.Now().Format(time.TimeOnly), "a second", "done", "refused", "dropped")
	for _, part := range parts {
		a := part.Account()
		var dropped uint64
		for _, n := range a.Dropped {
			dropped += n
		}
		fmt.Fprintf(&text, "%8s  %8d %10d %8d %8d  %s\n", "", a.Offered-before[a.Name], a.Done, a.Refused, dropped, a.Name)
		before[a.Name] = a.Offered
	}
	return text.String()
}
