package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	const first = `09:08:07          a second  in all:     done refused letters dropped
udp h:1                  5                 4       0       1       0
rule archive -> é        4                 3       1       0       0
`
	if got := f.table(now, parts); got != first {
		t.Errorf("got\n%swant\n%s", got, first)
	}
	in.Offered, in.Done = 15, 14
	const second = `09:08:09          a second  in all:     done refused letters dropped
udp h:1                  5                14       0       1       0
rule archive -> é        0                 3       1       0       0
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
	if got := f.table(now, []sink.Accounter{new, old}); strings.Count(got, "rule a") != 1 || !strings.Contains(got, "rule a        7 ") {
		t.Errorf("got\n%s", got)
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

// A background is a part whose errors come from nobody's call.
type background struct{ sink.Counters }

func (b *background) Account() sink.Account { return b.Counters.Account("background") }

// What an archive cannot seal or ship is told when it happens, and once.
func TestComplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var archive background
		ctx, cancel := context.WithCancel(t.Context())
		go complain(ctx, &screen{table: &out, messages: &out}, &archive)
		for _, text := range []string{"", "no namenode", "no namenode", "no\nname\x1b[m", "no namenode"} {
			if text != "" {
				archive.Failed(errors.New(text))
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if want := "router: no namenode\nrouter: no\ufffdname\ufffd[m\nrouter: no namenode\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}
