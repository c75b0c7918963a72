package middleware

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/source/metlog"
)

const (
	maxLabels     = 1000 // that a Timer tells apart
	maxLabelBytes = 256

	unmatched = "unmatched" // the label of requests without a route
	other     = "other"     // the label of those beyond maxLabels
)

// PatternOf is a [TimerOptions].Label for a mux that cannot be seen from outside: it asks the mux once more for the
// pattern of a request that has none, as the mux has set it on a copy. It is what a Timer needs with any middleware between
// the two that passes on a request with another context, and knows nothing of Pattern, unless [Panics] stands next to the
// mux. It is a [PanicsOptions].Label, too, which a Panics needs only where no such Timer is around it.
//
// A nil mux panics, at once.
func PatternOf(mux *http.ServeMux) func(*http.Request) string {
	if mux == nil {
		panic("middleware: PatternOf: nil mux")
	}
	return func(r *http.Request) string {
		if r.Pattern != "" {
			return r.Pattern
		}
		_, pattern := mux.Handler(r)
		return pattern
	}
}

// A class is how a request ended: the hundreds of its status, or one of these.
type class int

const (
	none     class = 0 // there is no status
	hijacked class = 10
	classes  class = 11
)

// classOf returns the class of a status. One of more than three digits, which a foreign server may send, has none.
func classOf(status int) class {
	if status < 100 || status > 999 {
		return none
	}
	return class(status / 100)
}

// A set has the timers of a middleware. Those of a label are made when they are first needed.
type set struct {
	client *metlog.Client
	family *metlog.Family // of all names with the prefix
	prefix string
	none   string // the name of the class

	known atomic.Pointer[map[string]*labelled] // never written to
	mu    sync.Mutex                           // of those that replace it
}

func newSet(m *metlog.Client, prefix, none string) *set {
	return &set{client: m, family: m.Family(prefix), prefix: prefix, none: none}
}

type labelled struct {
	timers [classes]atomic.Pointer[metlog.Timer]
}

// of returns the timer of a label and a class.
func (s *set) of(label string, c class) *metlog.Timer {
	label = clip(label)
	var l *labelled
	if known := s.known.Load(); known != nil {
		l = (*known)[label]
	}
	if l == nil {
		l, label = s.add(label)
	}
	t := l.timers[c].Load()
	if t == nil {
		t = s.client.Timer(s.prefix + label + "." + s.name(c))
		l.timers[c].Store(t)
	}
	return t
}

func (s *set) name(c class) string {
	switch c {
	case none:
		return s.none
	case hijacked:
		return "hijacked"
	}
	return strconv.Itoa(int(c)) + "xx"
}

// add makes a label known, unless there are too many.
func (s *set) add(label string) (*labelled, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]*labelled{}
	if p := s.known.Load(); p != nil {
		known = *p
	}
	if l, ok := known[label]; ok {
		return l, label
	}
	if len(known) >= maxLabels {
		label = other
		if l, ok := known[label]; ok {
			return l, label
		}
	}
	l := new(labelled)
	known = maps.Clone(known)
	known[strings.Clone(label)] = l
	s.known.Store(&known)
	return l, label
}

// clip cuts a label to its bound, between characters.
func clip(label string) string {
	if len(label) <= maxLabelBytes {
		return label
	}
	n := maxLabelBytes
	for n > maxLabelBytes-utf8.UTFMax && !utf8.RuneStart(label[n]) {
		n--
	}
	return label[:n]
}
