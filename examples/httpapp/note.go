package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mozilla-services/metlog-go/sink"
)

// note says what became of every message: in one line that adds up, and below it what each number stands for.
func note(a sink.Account, endpoint string) string {
	var dropped uint64
	for _, n := range a.Dropped {
		dropped += n
	}
	sampled := a.Dropped["sampled"]
	var b strings.Builder
	fmt.Fprintf(&b, "emitted %d = done %d + sampled out %d + dropped %d\n", a.Offered-a.Refused, a.Done, sampled, dropped-sampled)
	line := func(n uint64, what, meaning string) { fmt.Fprintf(&b, "%10d %-12s %s\n", n, what, meaning) }
	line(a.Done, "done", done(endpoint))
	for _, reason := range slices.Sorted(maps.Keys(a.Dropped)) {
		line(a.Dropped[reason], reason, lost[reason])
	}
	if a.Dropped["refused"]+a.Dropped["shutdown"] > 0 {
		b.WriteString("What the table calls refused went back to the line above, and is counted there.\n")
	}
	return b.String()
}

// done says what that means.
func done(endpoint string) string {
	if endpoint == "" {
		return "printed"
	}
	return "given to libzmq, which gets no receipts: what it has not sent to " + endpoint + " at the end is lost, and counted here all the same"
}

// lost says why messages were dropped, by the names that the client's account has for it; those that a shop can meet.
var lost = map[string]string{
	"sampled":  "not sent because -rate said so",
	"full":     "lost: made faster than the endpoint took them, and 16 MiB were waiting for it already",
	"limited":  "left out: exceptions beyond ten a second of one type from one place",
	"refused":  "lost: the endpoint did not take them",
	"closed":   "lost: made after the end had begun",
	"shutdown": "lost: still waiting for the endpoint when the time for the end was over",
}
