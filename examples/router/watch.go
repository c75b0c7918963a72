package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// watch shows, every second until ctx ends, what each source took in and which rules it went by.
func watch(ctx context.Context, out *screen, sources []sink.Accounter, router *route.Router, show *demo) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	f := flows{before: make(map[sink.Accounter]uint64), at: time.Now()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		parts := append([]sink.Accounter(nil), sources...)
		for _, rule := range router.Next() {
			parts = append(parts, rule.(sink.Accounter))
		}
		out.show(f.table(time.Now(), parts) + show.report())
	}
}

// flows are what each part had been offered at some time.
type flows struct {
	before map[sink.Accounter]uint64
	at     time.Time
}

// table says of each part what it was offered a second since the last call, and what became of all it was ever offered. A
// rule that has been replaced by one that reads the same is left out while nothing goes by it.
func (f *flows) table(now time.Time, parts []sink.Accounter) string {
	type row struct {
		sink.Account
		since uint64
	}
	var rows []row
	width := 0
	named := make(map[string]bool)
	for _, part := range parts {
		a := part.Account()
		since := a.Offered - f.before[part]
		f.before[part] = a.Offered
		if named[a.Name] && since == 0 {
			continue
		}
		named[a.Name] = true
		rows = append(rows, row{a, since})
		width = max(width, utf8.RuneCountInString(a.Name))
	}
	seconds := max(now.Sub(f.at).Seconds(), 0.001)
	f.at = now

	var text strings.Builder
	fmt.Fprintf(&text, "%-*s %8s  in all: %8s %7s %7s %7s\n", width, now.Format(time.TimeOnly), "a second", "done", "refused", "letters", "dropped")
	for _, r := range rows {
		var dropped uint64
		for _, n := range r.Dropped {
			dropped += n
		}
		letters := r.Dropped["deadletter"]
		fmt.Fprintf(&text, "%-*s %8.0f %17d %7d %7d %7d\n",
			width, r.Name, float64(r.since)/seconds, r.Done, r.Refused, letters, dropped-letters)
	}
	return text.String()
}

// complain says, until ctx ends, each new error of a part that nobody else hears of: the archive's, which seals and ships in
// the background.
func complain(ctx context.Context, out *screen, part sink.Accounter) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := part.Account().LastError; err != nil && err.Error() != said {
			said = err.Error()
			out.say("%s", strings.Map(printable, said))
		}
	}
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}
