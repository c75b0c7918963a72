package envelope

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// A Shape is a type of message and the names of its fields, encoded once. [Encoder.AppendShape] of any Encoder writes
// the values. It may be used concurrently.
type Shape struct {
	head    []byte   // from the opening brace to the type's closing quote
	keys    []string // each with the comma before and the colon after; "" for a name that stands again later
	names   []string // of the keys and of what is fixed, as they are read
	fixed   []byte   // members that are the same in every message, without a comma before
	twins   bool     // names may stand twice among all these
	escaped bool     // the type

	replaced bool // something in these, as of [Encoder.Replaced]
}

// NewShape returns the Shape of messages of type typ with the fields named by keys. Of a name that stands twice the last
// value will be written.
func NewShape(typ string, keys ...string) *Shape {
	s := &Shape{keys: make([]string, len(keys)), names: make([]string, len(keys))}
	s.head, s.escaped, s.replaced = appendString([]byte(headText), typ)
	last := make(map[string]int, len(keys))
	for i, key := range keys {
		text, _, invalid := appendString([]byte{','}, key)
		s.replaced = s.replaced || invalid
		encoded := string(append(text, ':'))
		if twin, ok := last[encoded]; ok {
			s.keys[twin] = ""
		}
		last[encoded] = i
		s.keys[i] = encoded
		s.names[i] = string([]rune(key)) // what is not UTF-8 becomes U+FFFD, as in encoded
	}
	return s
}

// With returns a Shape that has these fields too, behind its keys, with the same values in every message: they are encoded
// now. Where a name stands twice the last counts.
func (s *Shape) With(attrs ...slog.Attr) *Shape {
	t := *s
	object := append([]byte{'{'}, s.fixed...)
	object, doubt, replaced := appendAttrs(object, attrs, fieldsDepth)
	t.replaced = s.replaced || replaced
	object = append(object, '}')
	if doubt || len(s.fixed) > 0 {
		object = dropTwins(object, 0)
	}
	t.fixed = object[1 : len(object)-1]
	t.twins = s.twins || doubt || s.shares(attrs)
	t.names = slices.Clone(s.names)
	for i := range attrs {
		t.names = append(t.names, string([]rune(attrs[i].Key)))
	}
	return &t
}

// A CountError says that a Shape was given more or fewer values than it has keys.
type CountError struct{ Keys, Values int }

func (e *CountError) Error() string {
	return fmt.Sprintf("envelope: shape has %d keys and was given %d values", e.Keys, e.Values)
}

// AppendShape is [Encoder.Append] with the type and names of shape and one value for each key, in their order. A group
// without attributes leaves its name out.
//
// A wrong number of values is a *[CountError]. Slab is then returned as it was, and *m is the zero Message.
func (e *Encoder) AppendShape(slab []byte, m *Message, at time.Time, sev Severity, shape *Shape, payload string, values []slog.Value) ([]byte, error) {
	return e.AppendShapeWith(slab, m, at, sev, shape, payload, nil, values)
}

// AppendShapeWith is [Encoder.AppendShape] with attributes before the values. Those that have one of the shape's names
// are left out.
func (e *Encoder) AppendShapeWith(slab []byte, m *Message, at time.Time, sev Severity, shape *Shape, payload string, attrs []slog.Attr, values []slog.Value) ([]byte, error) {
	if len(values) != len(shape.keys) {
		*m = Message{}
		return slab, &CountError{len(shape.keys), len(values)}
	}
	base := len(slab)
	b := append(slab, shape.head...)
	m.members[memberType] = spanOf(len(headText), len(shape.head))
	e.replaced = shape.replaced
	b = e.openRest(b, base, m, at, sev, payload, shape.escaped)
	object := len(b)
	b = append(b, '{')
	doubt := shape.twins
	if len(attrs) > 0 {
		var replaced bool
		b, doubt, replaced = appendAttrs(b, attrs, fieldsDepth)
		e.replaced = e.replaced || replaced
		doubt = doubt || shape.twins || shape.shares(attrs)
	}
	b, replaced := shape.append(b, values)
	e.replaced = e.replaced || replaced
	b = append(b, '}')
	if doubt {
		b = dropTwins(b, object)
	}
	b, err := e.close(b, base, m)
	if err != nil {
		return slab, err
	}
	e.deliver(b, base, m, at)
	return b, nil
}

// append appends the shape's members to an object that is open.
func (s *Shape) append(b []byte, values []slog.Value) (out []byte, replaced bool) {
	for i, key := range s.keys {
		if key == "" {
			continue
		}
		before := len(b)
		if b[before-1] == '{' {
			key = key[1:]
		}
		b = append(b, key...)
		var ok, other bool
		if b, ok, other = appendValue(b, values[i], fieldsDepth+1); !ok {
			b = b[:before]
		}
		replaced = replaced || other
	}
	if len(s.fixed) > 0 {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, s.fixed...)
	}
	return b, replaced
}

// shares reports whether one of attrs has a name of the shape's.
func (s *Shape) shares(attrs []slog.Attr) bool {
	for i := range attrs {
		for _, name := range s.names {
			if attrs[i].Key == name {
				return true
			}
		}
	}
	return false
}
