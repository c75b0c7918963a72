package cefsink

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// Stats are counts of what accounts have no place for.
type Stats struct {
	// How often fields.cef_meta asked for what is no such word or not allowed, and the default was taken.
	Priority, Facility, Ident, Options uint64

	Replaced uint64 // events with characters that are no plain text, which were replaced
	Cut      uint64 // events that were too long
	Resent   uint64 // records sent again after a connection broke
	GivenUp  uint64 // records that no connection survived, and that are no longer kept
}

// A counter counts one of the [Stats].
type counter struct{ atomic.Uint64 }

// first counts one and reports whether it is the first.
func (c *counter) first() bool { return c.Add(1) == 1 }

type counts struct{ priority, facility, ident, options, replaced, cut, resent, givenUp counter }

func (c *counts) stats() Stats {
	return Stats{
		Priority: c.priority.Load(), Facility: c.facility.Load(), Ident: c.ident.Load(), Options: c.options.Load(),
		Replaced: c.replaced.Load(), Cut: c.cut.Load(), Resent: c.resent.Load(), GivenUp: c.givenUp.Load(),
	}
}

var (
	errPriority = errors.New("cefsink: a message's cef_meta names a priority that there is not; INFO was taken")
	errFacility = errors.New("cefsink: a message's cef_meta names a facility that is none or not allowed; the default was taken")
	errIdent    = errors.New("cefsink: a message's cef_meta names an ident that is not allowed; the default was taken")
	errOptions  = errors.New("cefsink: a message's cef_meta has options that there are not, or is no object; they were ignored")
	errCut      = errors.New("cefsink: an event was too long and has been cut")
)

// An origin is what a record's header says beside time and host.
type origin struct {
	priority int // facility and severity, RFC 5424 section 6.2.1
	ident    string
	pid      bool
}

const maxFields = 1 << 10

// originOf returns what a message's cef_meta asks for, as far as it is allowed.
func (e *encoder) originOf(m *envelope.Message) origin {
	fields, _ := m.Field()
	text := fields.JSON()
	if text != "" && string(e.fields) == text {
		return e.origin
	}
	e.odd = false
	o := e.readOrigin(m)
	if !e.odd && len(text) <= maxFields {
		e.fields, e.origin = append(e.fields[:0], text...), o
	}
	return o
}

func (e *encoder) readOrigin(m *envelope.Message) origin {
	o := origin{e.facility<<3 | envelope.Info.Code(), e.ident, false}
	value, ok := m.Field(cef.MetaField)
	switch {
	case !ok || value.Kind() == envelope.Null:
		return o
	case value.Kind() != envelope.Object:
		e.fellBack(&e.counts.options, errOptions)
		return o
	}
	meta := cef.Meta{
		Priority: word(m, cef.MetaPriority), Facility: word(m, cef.MetaFacility),
		Ident: word(m, cef.MetaIdent), Options: word(m, cef.MetaOptions),
	}
	severity, ok := meta.PriorityCode()
	if !ok {
		e.fellBack(&e.counts.priority, errPriority)
	}
	facility, ok := meta.FacilityCode()
	switch {
	case strings.TrimSpace(meta.Facility) == "":
		facility = e.facility
	case !ok || !e.facilities[facility] && facility != e.facility:
		facility = e.facility
		e.fellBack(&e.counts.facility, errFacility)
	}
	if e.idents[meta.Ident] {
		o.ident = meta.Ident
	} else if meta.Ident != "" && meta.Ident != e.ident {
		e.fellBack(&e.counts.ident, errIdent)
	}
	if !knownOptions(meta.Options) {
		e.fellBack(&e.counts.options, errOptions)
	}
	o.priority, o.pid = facility<<3|severity, meta.PID()
	return o
}

// word returns one of cef_meta's members, "" for null. What is no string is its JSON, which is no word.
func word(m *envelope.Message, name string) string {
	v, _ := m.Field(cef.MetaField, name)
	return v.String()
}

// knownOptions reports whether all options are syslog(3)'s. All but PID mean nothing to a record on its way elsewhere.
func knownOptions(options string) bool {
	if options == "" {
		return true
	}
	for option := range strings.SplitSeq(options, ",") {
		switch strings.TrimSpace(option) {
		case "PID", "CONS", "NDELAY", "NOWAIT", "LOG_PERROR", "PERROR":
		default:
			return false
		}
	}
	return true
}

// fellBack counts, and tells the first of each kind.
func (e *encoder) fellBack(c *counter, err error) {
	e.odd = true
	if c.first() {
		e.tell(err)
	}
}
