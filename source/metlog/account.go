package metlog

import (
	"fmt"

	"github.com/mozilla-services/metlog-go/sink"
)

// Account returns the client's books. Offered is every message that was asked for, Done what the sink took. Timers,
// counters and gauges whose rate is 0 are not in it.
func (c *Client) Account() sink.Account {
	a := sink.Account{Name: c.name()}
	var dropped [reasons]uint64
	for i := range c.shards { // all at once, or a message could be counted twice
		c.shards[i].mu.Lock()
	}
	c.mu.Lock()
	for i := range c.shards {
		s := &c.shards[i]
		a.Offered += s.offered
		for why, n := range s.dropped {
			dropped[why] += n
		}
		hold(&a, s.chunk)
	}
	for why, n := range c.failed {
		dropped[why] += n
	}
	hold(&a, c.ready...)
	hold(&a, c.inflight...)
	a.Done, a.LastError = c.sent, c.lastError
	c.mu.Unlock()
	for i := range c.shards {
		c.shards[i].mu.Unlock()
	}
	out := c.series.sampledOut()
	a.Offered += out
	dropped[whySampled] += out
	for why, n := range dropped {
		if n > 0 {
			if a.Dropped == nil {
				a.Dropped = make(map[string]uint64)
			}
			a.Dropped[reasonNames[why]] = n
		}
	}
	return a
}

func hold(a *sink.Account, chunks ...*chunk) {
	for _, ch := range chunks {
		if ch != nil {
			a.Held += uint64(ch.count)
			a.HeldBytes += uint64(ch.bytes())
		}
	}
}

// name is what the client is and where it leads.
func (c *Client) name() string {
	next := fmt.Sprintf("%T", c.to)
	if a, ok := c.to.(sink.Accounter); ok {
		next = a.Account().Name
	}
	return "metlog " + c.options.Logger + " -> " + next
}
