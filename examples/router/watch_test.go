package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

type account sink.Account

func (a *account) Account() sink.Account { return sink.Account(*a) }

func TestFlowsShowWhatIsNew(t *testing.T) {
	in := &account{Name: "udp h:1", Offered: 5, Done: 4, Dropped: map[string]uint64{"deadletter": 1}}
	out := &account{Name: "rule archive -> é", Offered: 4, Done: 3, Refused: 1}
	parts := []sink.Accounter{in, out}
	now := time.Date(2026, 11, 23, 9, 8, 7, 0, time.UTC)
	f := flows{before: make(map[sink.Accounter]uint64), at: now.Add(-time.Second)}
	const first = `a second | in all: done refused letters dropped | held now  09:08:07
       5 |            4       0       1       0 |        0  udp h:1
       4 |            3       1       0       0 |        0  rule archive -> é
`
	if got := f.table(now, parts); got != first {
		t.Errorf("got\n%swant\n%s", got, first)
	}
	in.Offered, in.Done, in.Held, in.Dropped["newest"] = 15, 10, 2, 2
	const second = `a second | in all: done refused letters dropped | held now  09:08:09
       5 |           10       0       1       2 |        2  udp h:1
       0 |            3       1       0       0 |        0  rule archive -> é
`
	if got := f.table(now.Add(2*time.Second), parts); got != second {
		t.Errorf("got\n%swant\n%s", got, second)
	}
}

// A replaced rule has the name of the one in force; it shows only while messages still go by it.
func TestFlowsOfTwoRulesWithOneName(t *testing.T) {
	new, old := &account{Name: "rule a", Offered: 7}, &account{Name: "rule a", Offered: 100}
	now := time.Date(2026, 11, 23, 9, 8, 7, 0, time.UTC)
	f := flows{before: map[sink.Accounter]uint64{old: 100}, at: now.Add(-time.Second)}
	if got := f.table(now, []sink.Accounter{new, old}); strings.Count(got, "rule a") != 1 || !strings.Contains(got, "\n       7 |") {
		t.Errorf("got\n%s", got)
	}
}

// A queue and what is behind it stand once. So does the archive, at the end, though no rule leads to it.
func TestEverything(t *testing.T) {
	archive, peer := &background{name: "archive"}, &background{name: "peer"}
	queue, err := sink.NewQueue(peer, &sink.QueueOptions{DeadLetter: archive})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = queue.Close() }()
	rules, err := route.ParseRules(strings.NewReader("a: TRUE -> queue\nb: TRUE -> queue\n"), map[string]sink.Sink{"queue": queue})
	if err != nil {
		t.Fatal(err)
	}
	router, err := route.New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, part := range everything([]sink.Accounter{&account{Name: "source"}}, router, archive) {
		names = append(names, part.Account().Name)
	}
	const want = "source, rule a -> queue -> peer, queue -> peer, peer, rule b -> queue -> peer, archive"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What is said stays: the next table does not go up over it.
func TestScreenKeepsWhatIsSaid(t *testing.T) {
	var out bytes.Buffer
	s := &screen{table: &out, messages: &out, terminal: true}
	s.show("a\n")
	s.show("b\n")
	s.say("said %d", 1)
	s.show("c\n")
	const want = "\x1b[?7la\n\x1b[?7h" + "\x1b[1A\x1b[J\x1b[?7lb\n\x1b[?7h" + "router: said 1\n" + "\x1b[?7lc\n\x1b[?7h"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
