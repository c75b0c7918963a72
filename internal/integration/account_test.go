package integration

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// entry is a line of the account that a router prints at its end.
type entry struct {
	offered, done, refused int
	dropped                map[string]int
}

var accountLine = regexp.MustCompile(`^ *(\S.*?) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)(?: \(\d+ B\))?  +(0|\d+ [a-z]+(?:, \d+ [a-z]+)*)(?:  .*)?$`)

// account returns the entry whose name begins so.
func account(t testing.TB, output, name string) entry {
	t.Helper()
	for line := range strings.Lines(output) {
		parts := accountLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if parts == nil || !strings.HasPrefix(parts[1], name) {
			continue
		}
		e := entry{dropped: make(map[string]int)}
		e.offered, _ = strconv.Atoi(parts[3])
		e.done, _ = strconv.Atoi(parts[4])
		e.refused, _ = strconv.Atoi(parts[5])
		for reason := range strings.SplitSeq(parts[7], ", ") {
			if count, why, ok := strings.Cut(reason, " "); ok {
				e.dropped[why], _ = strconv.Atoi(count)
			}
		}
		return e
	}
	t.Fatalf("no account of %s in\n%s", name, output)
	return entry{}
}
