package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

// watch writes, every second until ctx ends, what each part took in that second and what became of it since the start. On
// a terminal it writes over what it wrote before.
func watch(ctx context.Context, out *os.File, books *ledger.Ledger, show *demo) {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before := make(map[string]uint64)
	lines := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		text := flows(books.Accounts(), before) + show.report()
		if terminal && lines > 0 {
			text = fmt.Sprintf("\x1b[%dA\x1b[J%s", lines, text)
		}
		fmt.Fprintln(out, text)
		lines = strings.Count(text, "\n") + 1
	}
}

// flows is a table of what each account was offered since before, which it brings up to date.
func flows(accounts []sink.Account, before map[string]uint64) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  %10s %10s %10s %10s\n", time.Now().Format(time.TimeOnly), "a second", "done", "refused", "dropped")
	for _, a := range accounts {
		var dropped uint64
		for _, n := range a.Dropped {
			dropped += n
		}
		fmt.Fprintf(&text, "%8s  %10d %10d %10d %10d  %s\n", "", a.Offered-before[a.Name], a.Done, a.Refused, dropped, a.Name)
		before[a.Name] = a.Offered
	}
	return text.String()
}
