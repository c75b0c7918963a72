package metlog

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// A Family is all timers, counters and gauges whose names begin with one prefix. It says whether the rates let any of them
// through. Middleware asks before it times a request, since it learns the whole name only when the request is over.
type Family struct {
	client *Client
	prefix string
	off    atomic.Bool
}

// Family returns the family of a prefix. Make it once and keep it: the client remembers it as long as it lives itself.
func (c *Client) Family(prefix string) *Family { return c.series.family(prefix) }

// Off reports whether the rates are 0 for every name that begins with the prefix. It obeys [Client.SetRates] at once and
// costs one atomic load. When the patterns make that hard to tell it says false.
func (f *Family) Off() bool { return f.off.Load() }

// An Unnamed is a timer that was started before its name was known. The zero Unnamed sends nothing.
type Unnamed struct {
	client *Client
	start  time.Duration // since the client's epoch
}

// Start starts a timer, also when the family is off.
func (f *Family) Start() Unnamed { return Unnamed{f.client, f.client.clock.mono()} }

// Stop sends the time since Start as t's, which must be of the same client and whose rate applies now; a nil one sends
// nothing. Called again, it sends again.
func (u Unnamed) Stop(t *Timer, attrs ...slog.Attr) {
	if u.client == nil || t == nil {
		return
	}
	if s := (*series)(t).next(); s != nil {
		end := u.client.clock.mono()
		t.send(s, end, end-u.start, attrs)
	}
}

func (r *registry) family(prefix string) *Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.families[prefix]
	if !ok {
		f = &Family{client: r.client, prefix: strings.Clone(prefix)}
		f.off.Store(r.rates.none(prefix))
		if r.families == nil {
			r.families = make(map[string]*Family)
		}
		r.families[f.prefix] = f
	}
	return f
}

// none reports whether a line turns off all names with a prefix, and none after it can turn one on. Where it is hard to
// tell it says false.
func (r Rates) none(prefix string) bool {
	for i := len(r.lines) - 1; i >= 0; i-- {
		l := r.lines[i]
		switch {
		case l.rate > 0 && l.meets(prefix):
			return false
		case l.rate == 0 && strings.HasSuffix(l.glob, "*") && match(l.glob, prefix):
			return true // what follows the prefix is the last star's
		}
	}
	return false
}

// meets reports whether a name with the prefix may match the line, by what stands before its first wildcard.
func (l rateLine) meets(prefix string) bool {
	head := l.glob
	if i := strings.IndexAny(head, "*?"); i >= 0 {
		head = head[:i]
		return strings.HasPrefix(head, prefix) || strings.HasPrefix(prefix, head)
	}
	return strings.HasPrefix(head, prefix)
}
