package zerologsource

import (
	"bytes"
	"unsafe"

	"github.com/rs/zerolog"
)

// A line is a finished line taken apart, and memory to put parts of it together.
type line struct {
	text    []byte // zerolog's, borrowed
	members []member
	memory  []byte
}

// A member is where one name and its value lie at a line's top level.
type member struct {
	start   int // of the name's quote
	colon   int // after the name's other quote
	value   int
	end     int
	escaped bool // the name
	out     bool // of fields
}

// parts are the members that are not only fields. Nil is missing.
type parts struct{ time, message, stack, err *member }

// scan finds the members of the JSON object that p begins with, and where it ends. It looks at what stands between the
// members and at brackets and quotes in them: of what is left of the line EmitJSON makes sure.
func (l *line) scan(p []byte) (end int, ok bool) {
	l.text, l.members = p, l.members[:0]
	i := pastBlanks(p, 0)
	if i >= len(p) || p[i] != '{' {
		return 0, false
	}
	if i = pastBlanks(p, i+1); i < len(p) && p[i] == '}' {
		return i + 1, true
	}
	for i < len(p) && p[i] == '"' {
		m := member{start: i}
		if m.colon, m.escaped = pastString(p, i); m.colon < 0 {
			return 0, false
		}
		if i = pastBlanks(p, m.colon); i >= len(p) || p[i] != ':' {
			return 0, false
		}
		m.value = pastBlanks(p, i+1)
		if m.end = pastValue(p, m.value); m.end <= m.value {
			return 0, false
		}
		l.members = append(l.members, m)
		if i = pastBlanks(p, m.end); i >= len(p) {
			return 0, false
		}
		switch p[i] {
		case '}':
			return i + 1, true
		case ',':
			i = pastBlanks(p, i+1)
		default:
			return 0, false
		}
	}
	return 0, false
}

// pick finds the parts, and takes the level out of fields when it says what zerolog said.
func (l *line) pick(level zerolog.Level) (p parts) {
	leveled := false
	for i := range l.members {
		m := &l.members[i]
		switch l.name(m) {
		case zerolog.LevelFieldName:
			if !leveled {
				text, _ := l.payload(m)
				m.out = text == zerolog.LevelFieldMarshalFunc(level) && text != ""
			}
			leveled = true
		case zerolog.TimestampFieldName:
			p.time = m
		case zerolog.MessageFieldName:
			p.message = m
		case zerolog.ErrorStackFieldName:
			p.stack = m
		case zerolog.ErrorFieldName:
			p.err = m
		}
	}
	if p.stack != nil && !isStack(l.value(p.stack)) {
		p.stack = nil
	}
	return p
}

// isStack tells a stack from what else an application may call by that name, such as "production".
func isStack(value []byte) bool {
	return value[0] == '[' || value[0] == '{' || value[0] == '"' && bytes.Contains(value, []byte(`\n`))
}

// name returns the text of a member's name. It is good until l.memory or l.text changes.
func (l *line) name(m *member) string {
	return l.decode(l.text[m.start+1:m.colon-1], m.escaped)
}

func (l *line) value(m *member) []byte { return l.text[m.value:m.end] }

// payload returns the text of a string, and whether m is one. No member has none. It is good as long as a name is.
func (l *line) payload(m *member) (text string, ok bool) {
	if m == nil {
		return "", true
	}
	raw := l.value(m)
	if raw[0] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	return l.decode(raw, bytes.IndexByte(raw, '\\') >= 0), true
}

// decode returns the text between the quotes of a JSON string.
func (l *line) decode(raw []byte, escaped bool) string {
	if !escaped {
		return view(raw)
	}
	start := len(l.memory)
	l.memory = appendUnescaped(l.memory, raw)
	return view(l.memory[start:])
}

// fields returns a JSON object of the members that are not out, and of equal names the last.
func (l *line) fields() []byte {
	l.dropTwins()
	start := len(l.memory)
	b := append(l.memory, '{')
	for i := 0; i < len(l.members); i++ {
		if l.members[i].out {
			continue
		}
		from := l.members[i].start
		for i+1 < len(l.members) && !l.members[i+1].out {
			i++
		}
		if len(b) > start+1 {
			b = append(b, ',')
		}
		b = append(b, l.text[from:l.members[i].end]...)
	}
	l.memory = append(b, '}')
	return l.memory[start:]
}

// view returns b as a string, which is good as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
