package route

import (
	"github.com/mozilla-services/metlog-go/envelope"
)

// A value is what a path reads from one message.
type value struct {
	kind     kind
	textual  bool   // text is text: it compares with strings
	readable bool   // text may be a number
	parsed   bool   // num and isNumber are known
	isNumber bool   // text is a number, num
	text     string // a string: decoded; else as in JSON
	num      number
}

type kind uint8

const (
	unread  kind = iota
	missing      // or null
	text
	boolean
	numeric
	composite // an object or an array
)

// number returns what v compares with numbers as, if it does. It is worked out once.
func (v *value) number() (*number, bool) {
	if !v.readable {
		return nil, false
	}
	if !v.parsed {
		v.num, v.isNumber = parseNumber(v.text)
		v.parsed = true
	}
	return &v.num, v.isNumber
}

// A reader reads one message after another. What several tests look at it reads once a message.
type reader struct {
	m      *envelope.Message
	paths  []path
	values []value // beside paths
	filled []int   // the indexes of values that are read
}

// next makes m the message that is read; nil lets go of the last one.
func (r *reader) next(m *envelope.Message) {
	for _, slot := range r.filled {
		r.values[slot] = value{}
	}
	r.filled = r.filled[:0]
	r.m = m
}

func (r *reader) value(slot int) *value {
	v := &r.values[slot]
	if v.kind == unread {
		r.paths[slot].read(r.m, v)
		r.filled = append(r.filled, slot)
	}
	return v
}

var severityCodes = [8]string{"0", "1", "2", "3", "4", "5", "6", "7"}

// read fills v with what p is in m.
func (p *path) read(m *envelope.Message, v *value) {
	switch p.member {
	case typ:
		v.readText(m.Type(), m, "type")
	case logger:
		v.readText(m.Logger(), m, "logger")
	case payload:
		v.readText(m.Payload(), m, "payload")
		v.readable = true
	case hostname:
		v.readText(m.Hostname(), m, "metlog_hostname")
	case envVersion:
		v.readText(m.EnvVersion(), m, "env_version")
	case origin:
		v.text, v.textual, v.kind = m.Meta().Origin, true, text
		if v.text == "" {
			v.kind = missing
		}
	case severity:
		v.text, v.readable, v.kind = severityCodes[m.Severity().Code()], true, numeric
	case pid:
		j, ok := m.Member("metlog_pid")
		if !ok {
			j, ok = m.Field("metlog_pid") // as Message.PID does
		}
		v.readJSON(j, ok)
		v.readable = v.kind == numeric || v.kind == text
		v.textual = false
	case fields:
		v.readJSON(m.Field(p.steps...))
	}
}

// readText fills v with a member that always has a text, and may be missing all the same.
func (v *value) readText(s string, m *envelope.Message, name string) {
	v.text, v.textual, v.kind = s, true, text
	if s != "" {
		return
	}
	if member, ok := m.Member(name); !ok || member.Kind() == envelope.Null {
		v.kind = missing
	}
}

func (v *value) readJSON(j envelope.Value, ok bool) {
	if !ok {
		v.kind = missing
		return
	}
	switch j.Kind() {
	case envelope.Null:
		v.kind = missing
	case envelope.String:
		v.kind, v.text, v.textual = text, j.String(), true
	case envelope.Bool:
		v.kind, v.text = boolean, j.JSON()
	case envelope.Number:
		v.kind, v.text, v.readable = numeric, j.JSON(), true
	default:
		v.kind = composite
	}
}
