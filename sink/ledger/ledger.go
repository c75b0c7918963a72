package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Ledger is the books of a program. All methods are safe for concurrent use.
type Ledger struct {
	given  []sink.Accounter
	mu     sync.Mutex
	parts  []*part // in the order in which they were found
	known  map[any]*part
	places int           // how many of known are by place
	ending chan struct{} // closed when Shutdown is over; nil: it was never called
	left   error         // what Shutdown returned
}

// A part is something that messages pass through.
type part struct {
	is    any
	given bool    // to New
	feeds []*part // what it sends to
	kept  bool    // it said at its end where it keeps what it holds
}

// New opens the books of these parts and of everything they lead to. Give it the program's sources and then what they run
// into, in the order in which messages flow. It panics when one is nil.
func New(parts ...sink.Accounter) *Ledger {
	for i, p := range parts {
		if isnil.Is(p) {
			panic(fmt.Sprintf("ledger: New: part %d is nil", i))
		}
	}
	l := &Ledger{given: slices.Clone(parts), known: make(map[any]*part)}
	l.look()
	return l
}

// look finds parts that are new, and what feeds what now.
func (l *Ledger) look() []*part {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := walk{ledger: l, seen: make(map[*part]bool)}
	given := make([]*part, len(l.given))
	for i, p := range l.given {
		given[i] = w.find(p, place{nil, i})
		given[i].given = true
	}
	for i, from := range given {
		if isSink(from.is) {
			continue
		}
		for _, to := range given[i+1:] {
			if isSink(to.is) {
				from.feed(to)
			}
		}
	}
	return slices.Clone(l.parts)
}

func isSink(v any) bool {
	_, ok := v.(sink.Sink)
	return ok
}

func (p *part) feed(to *part) {
	if to != p && !slices.Contains(p.feeds, to) {
		p.feeds = append(p.feeds, to)
	}
}

// A walk visits each part once.
type walk struct {
	ledger *Ledger
	seen   map[*part]bool
}

// A place is where a part was found. It stands for the part when the part cannot be compared.
type place struct {
	before *part // nil: given to New
	index  int
}

// maxPlaces bounds the walk through such parts: a circle of them has no end.
const maxPlaces = 1000

// find returns the part that v is, which it makes when it is new, after finding all that it leads to.
func (w *walk) find(v any, at place) *part {
	p := w.ledger.part(v, at)
	if w.seen[p] {
		return p
	}
	w.seen[p] = true
	wrapper, ok := v.(sink.Wrapper)
	if !ok || w.ledger.places > maxPlaces {
		return p
	}
	for i, next := range wrapper.Next() {
		if !isnil.Is(next) {
			p.feed(w.find(next, place{p, i}))
		}
	}
	return p
}

// part returns the known part that v is, or a new one.
func (l *Ledger) part(v any, at place) *part {
	key := v
	comparable := reflect.ValueOf(v).Comparable()
	if !comparable {
		key = at
	}
	if p, ok := l.known[key]; ok {
		return p
	}
	if !comparable {
		l.places++
	}
	p := &part{is: v}
	l.parts = append(l.parts, p)
	l.known[key] = p
	return p
}

func (p *part) account() (sink.Account, bool) {
	a, ok := p.is.(sink.Accounter)
	if !ok {
		return sink.Account{Name: fmt.Sprintf("%T", p.is)}, false
	}
	return a.Account(), true
}

// Balance returns nil when every account adds up and, after Shutdown, no part holds messages but one that said where it
// keeps them. Otherwise the error names each account that is wrong, and how.
func (l *Ledger) Balance() error {
	parts := l.look()
	l.mu.Lock()
	ended := l.ending != nil && isClosed(l.ending)
	l.mu.Unlock()
	var errs []error
	for _, p := range parts {
		a, ok := p.account()
		if !ok {
			continue
		}
		if !a.Balanced() {
			errs = append(errs, fmt.Errorf("%s: the account does not add up: %s", clean(a.Name), sums(&a)))
		}
		if ended && a.Held > 0 && !p.kept {
			errs = append(errs, fmt.Errorf("%s: still holds %d messages", clean(a.Name), a.Held))
		}
	}
	return errors.Join(errs...)
}

func sums(a *sink.Account) string {
	var dropped uint64
	for _, n := range a.Dropped {
		dropped += n
	}
	return fmt.Sprintf("%d opening + %d offered, but %d done + %d refused + %d dropped + %d held",
		a.Opening, a.Offered, a.Done, a.Refused, dropped, a.Held)
}
