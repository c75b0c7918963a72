package envelope

// Slow stand-ins with the final signatures, so that other packages can be built and tested while parser and encoder are
// written. This file goes away.

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

type Parser struct {
	MaxBytes int
	Strict   bool
}

func Parse(text []byte) (Message, error) {
	var p Parser
	b, err := p.AppendParse(nil, string(text), len(text), Meta{Received: time.Now(), ID: NewID()})
	if err != nil {
		return Message{}, err
	}
	if len(b) != 1 {
		return Message{}, &SyntaxError{Reason: "not one envelope"}
	}
	return b[0], nil
}

func (p *Parser) AppendParse(batch []Message, frame string, slab int, meta Meta) ([]Message, error) {
	d := json.NewDecoder(strings.NewReader(frame))
	n := 0
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF && n > 0 {
			return batch, nil
		}
		if err != nil {
			return batch, &SyntaxError{int(d.InputOffset()), 0, Reason("stub: " + err.Error())}
		}
		if raw[0] != '{' {
			return batch, &SyntaxError{int(d.InputOffset()) - len(raw), 0, "not an object"}
		}
		var c bytes.Buffer
		c.Write(raw)
		if bytes.ContainsAny(raw, "\r\n\t") {
			c.Reset()
			_ = json.Compact(&c, raw)
		}
		m := Message{text: c.String(), slab: uint16(min((slab+1023)/1024, 65535))}
		m.index()
		m.setMeta(meta)
		meta.ID = meta.ID.Next()
		batch = append(batch, m)
		n++
	}
}

var stubNames = [memberCount]string{"type", "timestamp", "logger", "severity", "payload", "fields", "env_version", "metlog_pid", "metlog_hostname"}

func (m *Message) index() {
	d := json.NewDecoder(strings.NewReader(m.text))
	_, _ = d.Token()
	for d.More() {
		k, _ := d.Token()
		var raw json.RawMessage
		_ = d.Decode(&raw)
		end := int(d.InputOffset())
		for i, n := range stubNames {
			if n == k {
				m.members[i] = span{uint32(end - len(raw)), uint32(end)}
				if raw[0] == '"' && bytes.IndexByte(raw, '\\') >= 0 {
					m.escaped |= 1 << i
				}
			}
		}
	}
	if v, ok := m.Member("severity"); ok {
		n, err := strconv.Atoi(v.String())
		if s, ok := SeverityOf(n); err == nil && ok {
			m.severity = s
		}
	}
}

func (m *Message) setMeta(meta Meta) {
	m.origin, m.id = meta.Origin, meta.ID
	if !meta.Received.IsZero() {
		m.received = meta.Received.UnixNano()
	}
}

func (m *Message) raw(i int) string   { return m.text[m.members[i].start:m.members[i].end] }
func (m *Message) text1(i int) string { return Value{m.raw(i)}.String() }

func (m *Message) Type() string       { return m.text1(memberType) }
func (m *Message) Logger() string     { return m.text1(memberLogger) }
func (m *Message) Payload() string    { return m.text1(memberPayload) }
func (m *Message) Hostname() string   { return m.text1(memberHostname) }
func (m *Message) EnvVersion() string { return m.text1(memberEnvVersion) }
func (m *Message) PID() int           { n, _ := Value{m.raw(memberPID)}.Int(); return int(n) }
func (m *Message) Severity() Severity { return m.severity }
func (m *Message) Timestamp() (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, m.text1(memberTimestamp))
	return t, err == nil
}
func (m *Message) JSON() string {
	if m.text == "" {
		return "{}"
	}
	return m.text
}
func (m *Message) SlabBytes() int { return max(int(m.slab)<<10, len(m.text)) }
func (m *Message) Meta() Meta {
	meta := Meta{Origin: m.origin, ID: m.id}
	if m.received != 0 {
		meta.Received = time.Unix(0, m.received)
	}
	return meta
}
func (m *Message) WithMeta(meta Meta) Message { c := *m; c.setMeta(meta); return c }

// Member returns an envelope member by its name on the wire.
func (m *Message) Member(name string) (Value, bool) {
	for i, n := range stubNames {
		if n == name && m.members[i] != (span{}) {
			return Value{m.raw(i)}, true
		}
	}
	return Value{}, false
}

func (m *Message) Field(path ...string) (Value, bool) {
	raw := m.raw(memberFields)
	for _, p := range path {
		if strings.HasPrefix(raw, "[") {
			var a []json.RawMessage
			i, err := strconv.Atoi(p)
			if err != nil || json.Unmarshal([]byte(raw), &a) != nil || i < 0 || i >= len(a) {
				return Value{}, false
			}
			raw = string(a[i])
			continue
		}
		var o map[string]json.RawMessage
		if raw == "" || json.Unmarshal([]byte(raw), &o) != nil || o[p] == nil {
			return Value{}, false
		}
		raw = string(o[p])
	}
	return Value{raw}, raw != ""
}

type Kind uint8

const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

type Value struct{ raw string }

func (v Value) Kind() Kind {
	switch {
	case v.raw == "" || v.raw == "null":
		return Null
	case v.raw[0] == '"':
		return String
	case v.raw[0] == '{':
		return Object
	case v.raw[0] == '[':
		return Array
	case v.raw[0] == 't' || v.raw[0] == 'f':
		return Bool
	}
	return Number
}
func (v Value) JSON() string { return v.raw }
func (v Value) String() string {
	if v.Kind() == String {
		var s string
		_ = json.Unmarshal([]byte(v.raw), &s)
		return s
	}
	if v.Kind() == Null {
		return ""
	}
	return v.raw
}
func (v Value) Int() (int64, bool)     { n, err := strconv.ParseInt(v.raw, 10, 64); return n, err == nil }
func (v Value) Float() (float64, bool) { n, err := strconv.ParseFloat(v.raw, 64); return n, err == nil }
func (v Value) Bool() (value, ok bool) { return v.raw == "true", v.Kind() == Bool }
