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
	kindUnread  kind = iota
	kindMissing      // or null
	kindText
	kindBool
	kindNumber
	kindComposite // an object or an array
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
	if v.kind == kindUnread {
		r.paths[slot].read(r.m, v)
		r.filled = append(r.filled, slot)
	}
	return v
}

const severityCodes = "01234567"

// read fills v with what p is in m.
func (p *path) read(m *envelope.Message, v *value) {
	switch p.member {
	case memberType:
		v.readText(m.Type(), m, "type")
	case memberLogger:
		v.readText(m.Logger(), m, "logger")
	case memberPayload:
		v.readText(m.Payload(), m, "payload")
		v.readable = true
	case memberHostname:
		v.readText(m.Hostname(), m, "metlog_hostname")
	case memberEnvVersion:
		v.readText(m.EnvVersion(), m, "env_version")
	case memberOrigin:
		v.text, v.textual, v.kind = m.Meta().Origin, true, kindText
		if v.text == "" {
			v.kind = kindMissing
		}
	case memberSeverity:
		code := m.Severity().Code()
		v.text, v.readable, v.kind = severityCodes[code:code+1], true, kindNumber
	case memberPID:
		j, ok := m.Member("metlog_pid")
		if !ok {
			j, ok = m.Field("metlog_pid") // as Message.PID does
		}
		v.readJSON(j, ok)
		v.readable = v.kind == kindNumber || v.kind == kindText
		v.textual = false
	case memberFields:
		v.readJSON(m.Field(p.steps...))
	}
}

// readText fills v with a member that always has a text, and may be missing all the same.
func (v *value) readText(s string, m *envelope.Message, name string) {
	v.text, v.textual, v.kind = s, true, kindText
	if s != "" {
		return
	}
	if member, ok := m.Member(name); !ok || member.Kind() == envelope.Null {
		v.kind = kindMissing
	}
}

func (v *value) readJSON(j envelope.Value, ok bool) {
	if !ok {
		v.kind = kindMissing
		return
	}
	switch j.Kind() {
	case envelope.Null:
		v.kind = kindMissing
	case envelope.String:
		v.kind, v.text, v.textual = kindText, j.String(), true
	case envelope.Bool:
		v.kind, v.text = kindBool, j.JSON()
	case envelope.Number:
		v.kind, v.text, v.readable = kindNumber, j.JSON(), true
	default:
		v.kind = kindComposite
	}
}
