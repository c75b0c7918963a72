package metlog

import (
	"strings"
	"sync/atomic"
)

// A Family is all timers, counters and gauges whose names begin with one prefix. It says whether the rates let any of them
// through. Middleware asks before it times a request, since it learns the whole name only when the request is over.
type Family struct {
	prefix string
	off    atomic.Bool
}

// Family returns the family of a prefix. Make it once and keep it: the client remembers it as long as it lives itself.
func (c *Client) Family(prefix string) *Family { return c.series.family(prefix) }

// Off reports whether the rates are 0 for every name that begins with the prefix. It obeys [Client.SetRates] at once and
// costs one atomic load. When the patterns make that hard to tell it says false.
func (f *Family) Off() bool { return f.off.Load() }

func (r *registry) family(prefix string) *Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.families[prefix]
	if !ok {
		f = &Family{prefix: strings.Clone(prefix)}
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
