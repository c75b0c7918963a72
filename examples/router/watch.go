package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// everything returns the sources, and each rule followed by what it leads to, each once. The archive, where dead letters go
// whatever the rules say, is the last.
func everything(sources []sink.Accounter, router sink.Wrapper, archive sink.Sink) []sink.Accounter {
	parts := slices.Clone(sources)
	var add func([]sink.Sink)
	add = func(sinks []sink.Sink) {
		for _, s := range sinks {
			part, ok := s.(sink.Accounter)
			if !ok || s == archive || slices.Contains(parts, part) {
				continue
			}
			parts = append(parts, part)
			if wrapper, ok := s.(sink.Wrapper); ok {
				add(wrapper.Next())
			}
		}
	}
	add(router.Next())
	return append(parts, archive.(sink.Accounter))
}

// watch shows, every second until ctx ends, what each part took in and what became of it.
func watch(ctx context.Context, out *screen, parts func() []sink.Accounter, show *demo) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	f := flows{before: make(map[sink.Accounter]uint64), at: time.Now()}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		out.show(f.table(time.Now(), parts()) + show.report())
	}
}

// flows are what each part had been offered at some time.
type flows struct {
	before map[sink.Accounter]uint64
	at     time.Time
}

// table says of each part what it was offered a second since the last call, what it holds, and what became of all it was
// ever offered. The numbers stand first, since a terminal cuts what is too long. A rule that has been replaced by one that
// reads the same is left out while nothing goes by it.
func (f *flows) table(now time.Time, parts []sink.Accounter) string {
	seconds := max(now.Sub(f.at).Seconds(), 0.001)
	f.at = now
	named := make(map[string]bool)
	var text strings.Builder
	fmt.Fprintf(&text, "a second | in all: done refused letters dropped | held now  %s\n", now.Format(time.TimeOnly))
	for _, part := range parts {
		a := part.Account()
		since := a.Offered - f.before[part]
		f.before[part] = a.Offered
		if named[a.Name] && since == 0 {
			continue
		}
		named[a.Name] = true
		var dropped uint64
		for _, n := range a.Dropped {
			dropped += n
		}
		letters := a.Dropped["deadletter"]
		fmt.Fprintf(&text, "%8.0f | %12d %7d %7d %7d | %8d  %s\n",
			float64(since)/seconds, a.Done, a.Refused, letters, dropped-letters, a.Held, a.Name)
	}
	return text.String()
}
