// Package jsonline takes a JSON object apart at its top level and puts some of its members together again, without decoding
// them: for bridges from loggers whose lines are JSON.
//
// It looks at what stands between the members, and at brackets and quotes in them. That the values are JSON it does not
// know; whoever takes what it puts together makes sure of that. An object that is put together is valid exactly when all
// its members are.
package jsonline

import (
	"bytes"
	"unsafe"
)

// A Line is one object taken apart, and memory for parts of it. The zero value is ready. All texts it returns are good
// until the next Scan, and as long as the text that was scanned does not change.
type Line struct {
	Members []Member

	text   []byte // borrowed
	memory []byte
}

// A Member is where one name and its value lie.
type Member struct {
	Out bool // of what Object returns

	start   int // of the name's quote
	colon   int // after the name's other quote
	value   int
	end     int
	escaped bool // the name
}

// Scan finds the members of the JSON object that p begins with, and where it ends.
func (l *Line) Scan(p []byte) (end int, ok bool) {
	l.text, l.Members, l.memory = p, l.Members[:0], l.memory[:0]
	i := PastBlanks(p, 0)
	if i >= len(p) || p[i] != '{' {
		return 0, false
	}
	if i = PastBlanks(p, i+1); i < len(p) && p[i] == '}' {
		return i + 1, true
	}
	for i < len(p) && p[i] == '"' {
		m := Member{start: i}
		if m.colon, m.escaped = pastString(p, i); m.colon < 0 {
			return 0, false
		}
		if i = PastBlanks(p, m.colon); i >= len(p) || p[i] != ':' {
			return 0, false
		}
		m.value = PastBlanks(p, i+1)
		if m.end = PastValue(p, m.value); m.end <= m.value {
			return 0, false
		}
		l.Members = append(l.Members, m)
		if i = PastBlanks(p, m.end); i >= len(p) {
			return 0, false
		}
		switch p[i] {
		case '}':
			return i + 1, true
		case ',':
			i = PastBlanks(p, i+1)
		default:
			return 0, false
		}
	}
	return 0, false
}

// Name returns the text of a member's name.
func (l *Line) Name(m *Member) string {
	return l.decode(l.text[m.start+1:m.colon-1], m.escaped)
}

// Value returns a member's value as it stands there. It is never empty.
func (l *Line) Value(m *Member) []byte { return l.text[m.value:m.end] }

// Text returns the text of a member's value, and whether it is a string.
func (l *Line) Text(m *Member) (text string, ok bool) {
	raw := l.Value(m)
	if raw[0] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	return l.decode(raw, bytes.IndexByte(raw, '\\') >= 0), true
}

// decode returns the text between the quotes of a JSON string.
func (l *Line) decode(raw []byte, escaped bool) string {
	if !escaped {
		return view(raw)
	}
	start := len(l.memory)
	l.memory = appendUnescaped(l.memory, raw)
	return view(l.memory[start:])
}

// Object returns a JSON object of the members that are not out. Of those with the same name it takes the last, and puts
// the others out.
func (l *Line) Object() []byte {
	l.dropTwins()
	start := len(l.memory)
	b := append(l.memory, '{')
	for i := 0; i < len(l.Members); i++ {
		if l.Members[i].Out {
			continue
		}
		from := l.Members[i].start
		for i+1 < len(l.Members) && !l.Members[i+1].Out {
			i++
		}
		if len(b) > start+1 {
			b = append(b, ',')
		}
		b = append(b, l.text[from:l.Members[i].end]...)
	}
	l.memory = append(b, '}')
	return l.memory[start:]
}

// Rest lets go of the text, and reports whether the memory is small enough to be kept for another line.
func (l *Line) Rest() bool {
	l.text = nil
	return cap(l.memory) <= 64<<10 && cap(l.Members) <= 2<<10
}

// view returns b as a string, which is good as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
