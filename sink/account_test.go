package sink_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/sink"
)

func TestBalanced(t *testing.T) {
	even := sink.Account{
		Opening: 1, Offered: 9, Done: 2, Refused: 1, Held: 3, HeldBytes: 100, Dropped: map[string]uint64{"a": 1, "b": 3},
	}
	if !even.Balanced() {
		t.Errorf("%+v does not balance", even)
	}
	for name, change := range map[string]func(*sink.Account){
		"opening": func(a *sink.Account) { a.Opening++ },
		"offered": func(a *sink.Account) { a.Offered++ },
		"done":    func(a *sink.Account) { a.Done++ },
		"refused": func(a *sink.Account) { a.Refused++ },
		"held":    func(a *sink.Account) { a.Held++ },
		"dropped": func(a *sink.Account) { a.Dropped = map[string]uint64{"a": 1} },
	} {
		odd := even
		if change(&odd); odd.Balanced() {
			t.Errorf("%s: %+v balances", name, odd)
		}
	}
}

func TestCounters(t *testing.T) {
	var c sink.Counters
	boom := errors.New("boom")
	if err := c.Sent(4, nil); err != nil {
		t.Error(err)
	}
	if err := c.Sent(4, boom); !errors.Is(err, boom) {
		t.Errorf("Sent returned %v", err)
	}
	_ = c.Sent(4, failed(1, boom, 2, errors.New("last")))
	if a := c.Account("x"); a.LastError == nil || a.LastError.Error() != "last" {
		t.Errorf("the last error is %v", a.LastError)
	}
	c.Drop(3, "full", nil)
	c.Drop(2, "full", boom)
	c.Drop(0, "nothing", errors.New("not this"))
	a := c.Account("name")
	if a.Name != "name" || a.Offered != 17 || a.Done != 6 || a.Refused != 6 || a.Dropped["full"] != 5 || len(a.Dropped) != 1 ||
		!errors.Is(a.LastError, boom) || !a.Balanced() {
		t.Errorf("the account is %+v", a)
	}
	a.Dropped["full"]++
	c.Failed(errors.New("later"))
	if b := c.Account(""); b.Dropped["full"] != 5 || b.Offered != 17 || b.LastError.Error() != "later" {
		t.Errorf("the account is %+v", b)
	}
}

func TestCountersBalanceAtEveryMoment(t *testing.T) {
	var c sink.Counters
	var senders sync.WaitGroup
	for range 3 {
		senders.Go(func() {
			for i := range 300 {
				_ = c.Sent(i%5, failed(0, errDown))
				c.Drop(i%3, "why", nil)
			}
		})
	}
	done := make(chan struct{})
	go func() { senders.Wait(); close(done) }()
	for {
		if a := c.Account(""); !a.Balanced() {
			t.Fatalf("%+v does not balance", a)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}
