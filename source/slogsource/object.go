package slogsource

import (
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/internal/jsonline"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A draft is memory to put an object together.
type draft struct {
	client  *metlog.Client
	attrs   []slog.Attr
	encoded []byte
	object  []byte
	line    jsonline.Line
}

// put keeps a draft's memory for the next, unless it is large.
func (h *Handler) put(d *draft) {
	clear(d.attrs)
	if d.line.Rest() && cap(d.encoded) <= 64<<10 && cap(d.object) <= 64<<10 && cap(d.attrs) <= 1<<10 {
		h.drafts.Put(d)
	}
}

// encode returns the members of the draft's attributes, encoded, which are good until the next encode.
func (d *draft) encode() []byte {
	d.encoded = d.client.AppendFields(d.encoded[:0], d.attrs...)
	return d.encoded[1 : len(d.encoded)-1]
}

// fields returns the fields of a record whose attributes are in d.
func (h *Handler) fields(d *draft, r *slog.Record) []byte {
	members := d.encode()
	b := append(d.object[:0], h.head...)
	open := h.open
	if len(members) > 0 {
		var start int
		b, start = h.enter(d, b)
		b = join(b, members)
		if open += h.groups; h.groups == 0 && h.doubt(d.attrs) {
			b = d.settle(b, start)
		}
	}
	for range open {
		b = append(b, '}')
	}
	if h.addSource && r.PC != 0 {
		b = d.withSource(b, r.PC)
	}
	d.object = b
	return b
}

// enter opens the groups that are to be, and returns where the members of the innermost begin.
func (h *Handler) enter(d *draft, b []byte) (out []byte, start int) {
	if h.groups == 0 {
		return b, h.start
	}
	if slices.Contains(h.names, h.group) {
		b = d.drop(b, h.start, h.group)
	}
	b = join(b, []byte(h.opening))
	return b, len(b)
}

// with returns a handler that has members too.
func (h *Handler) with(d *draft, members []byte) *Handler {
	next := *h
	b, start := h.enter(d, slices.Clone(h.head))
	if b = join(b, members); start == h.start && len(h.names) > 0 {
		b = d.settle(b, start)
	}
	next.head, next.start, next.open = b, start, h.open+h.groups
	next.names = d.namesOf(b[start:])
	next.groups, next.opening, next.group = 0, "", ""
	return &next
}

// join appends members to an object that is open.
func join(b, members []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, members...)
}

// doubt reports whether a name of attrs may stand among the handler's own.
func (h *Handler) doubt(attrs []slog.Attr) bool {
	if len(h.names) == 0 {
		return false
	}
	for i := range attrs {
		key := attrs[i].Key
		if key == "" || slices.Contains(h.names, key) || !utf8.ValidString(key) {
			return true
		}
	}
	return false
}

// scan takes the members apart that begin at start.
func (d *draft) scan(b []byte, start int) {
	d.line.Scan(append(append([]byte{'{'}, b[start:]...), '}')) // the encoder wrote it
}

// settle leaves out, of the members that begin at start, those that a later one has the name of.
func (d *draft) settle(b []byte, start int) []byte {
	d.scan(b, start)
	object := d.line.Object()
	return append(b[:start], object[1:len(object)-1]...)
}

// drop leaves out, of the members that begin at start, the one with a name.
func (d *draft) drop(b []byte, start int, name string) []byte {
	d.scan(b, start)
	for i := range d.line.Members {
		m := &d.line.Members[i]
		m.Out = d.line.Name(m) == name
	}
	object := d.line.Object()
	return append(b[:start], object[1:len(object)-1]...)
}

// namesOf returns the names of members.
func (d *draft) namesOf(members []byte) (names []string) {
	d.scan(members, 0)
	for i := range d.line.Members {
		names = append(names, strings.Clone(d.line.Name(&d.line.Members[i])))
	}
	return names
}

// withSource returns an object with the place of a call, unless the application has a member of that name.
func (d *draft) withSource(object []byte, pc uintptr) []byte {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	clear(d.attrs) // put sees the new ones only
	d.attrs = append(d.attrs[:0], slog.Group(slog.SourceKey,
		slog.String("function", frame.Function), slog.String("file", frame.File), slog.Int("line", frame.Line)))
	b := append([]byte{'{'}, d.encode()...)
	if len(object) > len("{}") {
		b = join(b, object[1:len(object)-1])
	}
	return append(d.settle(b, 1), '}')
}
