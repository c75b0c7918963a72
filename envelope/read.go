package envelope

import "time"

// raw returns a member's JSON, "" if it is missing.
func (m *Message) raw(member int) string { return m.within(m.text, member) }

// value returns a member's text as Value.String would, without looking for a backslash twice.
func (m *Message) value(member int) string {
	raw := m.raw(member)
	if len(raw) > 0 && raw[0] == '"' && m.escaped&(1<<member) == 0 {
		return raw[1 : len(raw)-1]
	}
	return Value{raw}.String()
}

// Type returns what kind of message it is, such as [TypeTimer]. Like the other texts of an envelope, a value that is no
// string is returned as its JSON, and null as "".
func (m *Message) Type() string { return m.value(memberType) }

// Logger returns the name of what sent the message.
func (m *Message) Logger() string { return m.value(memberLogger) }

// Payload returns the payload's text. A payload of another kind (deployed clients send numbers, objects and null) is
// returned as its JSON, null and a missing one as "". [Message.Member] tells them apart.
func (m *Message) Payload() string { return m.value(memberPayload) }

// EnvVersion returns the envelope's version: "0.8" for all of them so far.
func (m *Message) EnvVersion() string { return m.value(memberEnvVersion) }

// Hostname returns the name of the host that the message was sent on, "" if it is unknown. Clients of May 2012 sent it
// within fields; it is found there when the member is missing.
func (m *Message) Hostname() string {
	if m.members[memberHostname] != (span{}) {
		return m.value(memberHostname)
	}
	v, _ := m.Field(memberNames[memberHostname])
	return v.String()
}

// PID returns the number of the process that built the sending client, 0 if it is unknown or no whole number. Like
// Hostname it is looked for within fields too.
func (m *Message) PID() int {
	v := Value{m.raw(memberPID)}
	if v.raw == "" {
		v, _ = m.Field(memberNames[memberPID])
	}
	n, ok := parseInt(v.String())
	if !ok || int64(int(n)) != n {
		return 0
	}
	return int(n)
}

// Severity returns how bad the event is. A missing or unreadable severity, or one out of range, is Info; 6.0 and "6" are
// read as 6.
func (m *Message) Severity() Severity { return m.severity }

// Timestamp returns when the sender says the event was, in UTC, and whether the text is a time: RFC 3339 with any number
// of digits after the second (nanoseconds are kept), where a missing zone means UTC, as production clients left it out.
// A number is none, since nothing says its unit, and neither is a date alone.
func (m *Message) Timestamp() (time.Time, bool) {
	raw := m.raw(memberTimestamp)
	if len(raw) == 0 || raw[0] != '"' {
		return time.Time{}, false
	}
	return parseTimestamp(m.value(memberTimestamp))
}

// JSON returns the envelope: valid JSON, one line, valid UTF-8, no byte below a space. It is the text that was parsed,
// where that kept these promises, and "{}" for the zero Message.
func (m *Message) JSON() string {
	if m.text == "" {
		return "{}"
	}
	return m.text
}

// SlabBytes returns how much memory, in bytes, keeping the message keeps: that of the frame or slab it is part of, to
// the next KiB and as at most 64 MiB, or of its own text if that is more.
func (m *Message) SlabBytes() int { return max(int(m.slab)<<10, len(m.text)) }

// Member returns an envelope member by its name on the wire. Aliases (heka_pid, heka_hostname) and names go both ways:
// either finds what the other wrote. A member that this package does not know is looked for in the text; if it stands
// twice, the last counts.
func (m *Message) Member(name string) (Value, bool) {
	var raw string
	if member := memberOf(name); member < memberCount {
		raw = m.raw(int(member))
	} else if m.text != "" {
		raw = lookup(m.text, name)
	}
	return Value{raw}, raw != ""
}

// Meta returns what the source knows about the message.
func (m *Message) Meta() Meta {
	meta := Meta{Origin: m.origin, ID: m.id}
	if m.received != 0 {
		meta.Received = time.Unix(0, m.received).UTC()
	}
	return meta
}

// WithMeta returns a copy of the message with another Meta, such as the one it had before it was written to disk.
func (m *Message) WithMeta(meta Meta) Message {
	c := *m
	c.setMeta(meta)
	return c
}

func (m *Message) setMeta(meta Meta) {
	m.origin, m.id, m.received = meta.Origin, meta.ID, meta.nanoseconds()
}

// nanoseconds returns when the message was received as a Message keeps it.
func (meta *Meta) nanoseconds() int64 {
	if meta.Received.IsZero() {
		return 0
	}
	return nanoseconds(meta.Received)
}
