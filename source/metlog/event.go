package metlog

import (
	"encoding/hex"
	"reflect"
	"runtime"
	"strconv"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

const (
	maxEvent      = 256 << 10 // bytes of an event
	maxAttributes = 64 << 10  // of its attributes
	maxVariables  = 64 << 10  // of all its variables
	reserve       = 1 << 10   // what stands around them
)

// An event is an exception being written, as https://develop.sentry.dev/sdk/data-model/event-payloads/ has it.
type event struct {
	*exception
	hide   secret.Names
	heads  []byte // of the links: JSON objects without their last brace
	ends   []int  // where they end
	stacks []shown
	room   int // bytes for frames, then for variables
}

// shown is what is shown of a stack.
type shown struct {
	frames []*frame // innermost first
	whole  int      // so many with lines of source
}

// appendEvent appends e as one JSON object.
func (c *Client) appendEvent(b []byte, at time.Time, e *exception) []byte {
	ev := event{exception: e, hide: c.catch.hide}
	b = append(b, `{"event_id":"`...)
	id := envelope.NewID()
	b = hex.AppendEncode(b, id[:])
	b = append(b, `","timestamp":"`...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","level":"`...)
	b = append(b, ev.level()...)
	b = append(b, `","platform":"go","logger":`...)
	b = appendText(b, c.options.Logger, maxName)
	b = append(b, `,"server_name":`...)
	b = appendText(b, c.options.Hostname, maxName)
	b = append(b, `,"contexts":{"runtime":{"name":"go","version":`...)
	b = appendText(b, runtime.Version(), maxName)
	b = append(b, '}')
	b = ev.appendAttributes(b)
	if ev.line != nil && ev.text != "" {
		b = append(b, `,"logentry":{"formatted":`...)
		b = appendText(b, ev.text, maxText)
		b = append(b, '}')
	}
	ev.appendHeads()
	ev.room = maxEvent - reserve - len(b) - len(ev.heads)
	ev.choose(&c.catch.places)
	ev.place(&c.catch.places)
	ev.room = min(ev.room, maxVariables)
	b = append(b, `,"exception":{"values":[`...)
	for i := len(e.links) - 1; i >= 0; i-- {
		b = ev.appendLink(b, i)
	}
	b = append(b, `]}`...)
	b = ev.appendRest(b)
	return append(b, '}')
}

func (ev *event) level() string {
	switch severity := ev.severity; {
	case ev.panics || severity <= envelope.Critical:
		return "fatal"
	case severity == envelope.Error:
		return "error"
	case severity == envelope.Warning:
		return "warning"
	case severity == envelope.Debug:
		return "debug"
	}
	return "info"
}

// appendAttributes appends the last of the contexts, and those attributes that have places of their own.
func (ev *event) appendAttributes(b []byte) []byte {
	m := ev.fields
	request, asked := requestOf(m)
	if asked {
		m = without(m, "request")
	}
	transaction, named := transactionOf(m)
	if named {
		m = without(m, "transaction")
	}
	if text := attributes(m); text != "" {
		b = append(b, `,"metlog":`...)
		b = append(b, text...)
	}
	b = append(b, '}')
	if named {
		b = append(b, `,"transaction":`...)
		b = appendText(b, transaction, maxName)
	}
	if asked {
		b = append(b, `,"request":`...)
		b = append(b, request...)
	}
	return b
}

// transactionOf returns the text named transaction among the fields of m.
func transactionOf(m *envelope.Message) (text string, ok bool) {
	if m == nil {
		return "", false
	}
	v, ok := m.Field("transaction")
	return v.String(), ok && v.Kind() == envelope.String
}

// without returns m without a field, or m if that cannot be.
func without(m *envelope.Message, name string) *envelope.Message {
	if rest, err := m.Without(name); err == nil {
		return &rest
	}
	return m
}

// appendHeads writes what is known of each link but for its stack.
func (ev *event) appendHeads() {
	for i := range ev.links {
		l := &ev.links[i]
		name, module := l.called()
		b := append(ev.heads, `{"type":`...)
		b = appendText(b, name, maxType)
		b = append(b, `,"value":`...)
		limit := maxCause
		if i == 0 {
			limit = maxText
		}
		b = appendText(b, l.said, limit)
		if module != "" {
			b = append(b, `,"module":`...)
			b = appendText(b, module, maxName)
		}
		ev.heads = ev.appendMechanism(b, i)
		ev.ends = append(ev.ends, len(ev.heads))
	}
}

// called returns the name of a link's type, and its package.
func (l *link) called() (name, module string) {
	if l.name != "" {
		return l.name, ""
	}
	t := l.typ()
	name = t.String()
	if l.err == nil && t.PkgPath() == "" {
		name = "panic"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return name, t.PkgPath()
}

// appendMechanism writes what a link has to do with the others.
func (ev *event) appendMechanism(b []byte, i int) []byte {
	l := &ev.links[i]
	b = append(b, `,"mechanism":{"type":"`...)
	switch {
	case i > 0:
		b = append(b, `chained","parent_id":`...)
		b = strconv.AppendInt(b, int64(l.parent), 10)
		b = append(b, `,"source":`...)
		b = appendText(b, l.source, maxType)
	case ev.panics:
		b = append(b, `panic","handled":false`...)
	default:
		b = append(b, `generic","handled":true`...)
	}
	b = append(b, `,"exception_id":`...)
	b = strconv.AppendInt(b, int64(i), 10)
	if l.causes > 0 {
		b = append(b, `,"is_exception_group":true,"data":{"causes":`...)
		b = strconv.AppendInt(b, int64(l.causes), 10)
		b = append(b, '}')
	}
	return append(b, '}')
}

// choose fills the room with frames: those of the first links and the innermost first, with lines of source while they fit.
func (ev *event) choose(p *places) {
	ev.stacks = make([]shown, len(ev.links))
	for i := range ev.links {
		stack := ev.links[i].stack
		if i == 0 {
			stack = ev.stack
		}
		s := shown{frames: p.list(stack)}
		if i == 0 && ev.line != nil && ev.line.Frames != nil {
			s.frames = written(ev.line.Frames)
		}
		n := 0
		for ; n < len(s.frames); n++ {
			f := s.frames[n]
			size := len(f.text) + len("},")
			if s.whole < n || size > ev.room {
				size = f.bare + len("},")
			} else {
				s.whole++
			}
			if size > ev.room {
				break
			}
			ev.room -= size
		}
		s.frames = s.frames[:n]
		ev.stacks[i] = s
		ev.room -= reserve / maxLinks
	}
}

// place finds the frames of the functions that watch values, the innermost where one has several.
func (ev *event) place(p *places) {
	for i := range ev.vars {
		w := &ev.vars[i]
		w.symbol = p.at(w.pc).symbol
		w.link = -1
		for j := 0; j < i && !w.stale; j++ {
			w.stale = ev.vars[j].name == w.name && ev.vars[j].symbol == w.symbol
		}
		for l := 0; l < len(ev.stacks) && w.link < 0; l++ {
			for n, f := range ev.stacks[l].frames {
				if f.symbol == w.symbol {
					w.link, w.frame = l, n
					break
				}
			}
		}
	}
}

// appendLink appends one of the exception's values.
func (ev *event) appendLink(b []byte, i int) []byte {
	start := 0
	if i > 0 {
		start = ev.ends[i-1]
	}
	b = append(b, ev.heads[start:ev.ends[i]]...)
	s := &ev.stacks[i]
	if len(s.frames) > 0 {
		b = append(b, `,"stacktrace":{"frames":[`...)
		for n := len(s.frames) - 1; n >= 0; n-- {
			f := s.frames[n]
			text := f.text
			if n >= s.whole {
				text = text[:f.bare]
			}
			b = append(b, text...)
			b = ev.appendVars(b, `,"vars":{`, i, n)
			b = append(b, '}')
			if n > 0 {
				b = append(b, ',')
			}
		}
		b = append(b, `]}`...)
	}
	b = append(b, '}')
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// appendRest appends the values whose functions are not on the stack: they have returned.
func (ev *event) appendRest(b []byte) []byte { return ev.appendVars(b, `,"extra":{`, -1, 0) }

// appendVars appends the values of a frame, if it has any, in the order in which they came, behind what opens their object.
func (ev *event) appendVars(b []byte, opening string, link, frame int) []byte {
	start := len(b)
	for i := len(ev.vars) - 1; i >= 0; i-- {
		w := &ev.vars[i]
		if w.stale || w.link != link || w.frame != frame {
			continue
		}
		before := len(b)
		if b = append(b, ','); before == start {
			b = append(b[:start], opening...)
		}
		name := w.name
		if link < 0 {
			name = w.symbol + ": " + w.name
		}
		b = appendText(b, name, maxType)
		b = append(b, ':')
		if b = ev.appendVar(b, w); len(b)-before > ev.room {
			b = b[:before]
			continue
		}
		ev.room -= len(b) - before
	}
	if len(b) > start {
		b = append(b, '}')
	}
	return b
}

func (ev *event) appendVar(b []byte, w *watched) []byte {
	start, torn := len(b), w.torn
	switch {
	case ev.hide.Hides(w.name):
		return append(b, redacted...)
	case w.text != nil:
		b = appendSafe(b, string(w.text), ev.hide)
	default:
		b, torn = appendValue(b, w.at, ev.hide, min(maxValue, max(ev.room, 0)))
	}
	if torn {
		ev.flaw = ev.flaw.or(flaw{"variable", w.name, jsontext.Unquote(string(b[start:]))})
	}
	return b
}
