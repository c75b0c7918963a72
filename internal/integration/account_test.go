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

// account returns the entry whose name begins so. Which columns there are the table's head says.
func account(t testing.TB, output, name string) entry {
	t.Helper()
	var head []string
	for line := range strings.Lines(output) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "dead letters", "deadletters")
		if strings.HasPrefix(line, " ") && strings.HasSuffix(line, "  dropped") {
			head = strings.Fields(line)
			continue
		}
		if head == nil || !strings.HasPrefix(strings.TrimSpace(line), name) {
			continue
		}
		cells := accountCell.FindAllString(line, -1)
		if len(cells) < len(head) {
			continue
		}
		e := entry{dropped: make(map[string]int)}
		for i, cell := range cells[len(cells)-len(head):] {
			n, _ := strconv.Atoi(strings.Fields(cell)[0])
			switch head[i] {
			case "offered":
				e.offered = n
			case "done":
				e.done = n
			case "refused":
				e.refused = n
			case "deadletters":
				e.dropped["deadletter"] = n
			case "dropped":
				for reason := range strings.SplitSeq(strings.TrimSpace(cell), ", ") {
					if count, why, ok := strings.Cut(reason, " "); ok {
						e.dropped[why], _ = strconv.Atoi(count)
					}
				}
			}
		}
		return e
	}
	t.Fatalf("no account of %s in\n%s", name, output)
	return entry{}
}

// accountCell is what two spaces stand before in a line of the account.
var accountCell = regexp.MustCompile(`  \d+( \(\d+ B\))?( [a-z]+(, \d+ [a-z]+)*)?`)
