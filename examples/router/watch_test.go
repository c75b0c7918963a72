package main

import (
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

type account sink.Account

func (a *account) Account() sink.Account { return sink.Account(*a) }

func TestFlowsShowsWhatIsNew(t *testing.T) {
	in := &account{Name: "udp h:1", Offered: 5, Done: 4, Dropped: map[string]uint64{"deadletter": 1}}
	out := &account{Name: "rule archive -> é", Offered: 4, Done: 3, Refused: 1}
	parts := []sink.Accounter{in, out}
	now := time.Date(2026, 11, 23, 9, 8, 7, 0, time.UTC)
	before := make(map[string]uint64)
	const first = `09:08:07          a second      done refused dropped
udp h:1                  5         4       0       1
rule archive -> é        4         3       1       0
`
	if got := flows(now, parts, before); got != first {
		t.Errorf("got\n%swant\n%s", got, first)
	}
	in.Offered, in.Done = 12, 11
	const second = `09:08:07          a second      done refused dropped
udp h:1                  7        11       0       1
rule archive -> é        0         3       1       0
`
	if got := flows(now, parts, before); got != second {
		t.Errorf("got\n%swant\n%s", got, second)
	}
}
