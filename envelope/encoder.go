package envelope

import (
	"log/slog"
	"strconv"
	"time"
)

// version is the envelope this package writes.
const version = "0.8"

// An Encoder writes envelopes of one logger into slabs of memory, text and index together. What does not change from
// message to message is encoded once, and the second of the last timestamp is kept.
//
// The members stand in the order type, timestamp, logger, severity, payload, fields, env_version, metlog_pid,
// metlog_hostname, without blanks. Strings are written with the fewest escapes JSON allows; a byte that is not UTF-8
// becomes U+FFFD. Timestamps are UTC with six digits of a second; years outside 0 to 9999 are clamped, since RFC 3339 has
// no others.
//
// An Encoder is for one goroutine at a time. [NewEncoder] makes one.
type Encoder struct {
	middle  []byte // from the timestamp's name to the payload's colon
	tail    []byte // from the comma before env_version to the closing brace
	second  int64  // the one that middle holds
	id      ID     // of the last message
	limit   int    // bytes a text may have
	logger  span   // in middle
	version span   // in tail, as the next two
	pid     span
	host    span
	escaped uint16 // bits of logger and hostname

	replaced bool // something in the last message
}

const (
	headText   = `{"type":`
	stampText  = `,"timestamp":"` // then, at stampAt of middle, the timestamp
	payloadKey = `,"payload":`
	fieldsKey  = `,"fields":`

	stampAt     = len(stampText)
	stampLength = secondLength + 7
)

// NewEncoder returns an Encoder for one logger, process and host. A pid that is not positive and an empty hostname are
// left out of the envelopes, which [Parser].Strict wants whole.
func NewEncoder(logger string, pid int, hostname string) *Encoder {
	e := &Encoder{id: NewID()}
	e.set(logger, pid, hostname)
	return e
}

func (e *Encoder) set(logger string, pid int, hostname string) {
	e.limit = limitMaxBytes
	b := append(make([]byte, 0, 128+len(logger)), stampText...)
	b = append(b, `0000-00-00T00:00:00.000000Z","logger":`...)
	start := len(b)
	b, escaped, _ := appendString(b, logger)
	e.logger = spanOf(start, len(b))
	e.escape(memberLogger, escaped)
	b = append(b, `,"severity":6`...)
	e.middle = append(b, payloadKey...)
	e.second = 0
	putSecond(e.middle[stampAt:], 0)

	b = append(make([]byte, 0, 96+len(hostname)), `,"env_version":`...)
	start = len(b)
	b = append(b, `"`+version+`"`...)
	e.version = spanOf(start, len(b))
	if pid > 0 {
		b = append(b, `,"metlog_pid":`...)
		start = len(b)
		b = strconv.AppendInt(b, int64(pid), 10)
		e.pid = spanOf(start, len(b))
	}
	if hostname != "" {
		b = append(b, `,"metlog_hostname":`...)
		start = len(b)
		b, escaped, _ = appendString(b, hostname)
		e.host = spanOf(start, len(b))
		e.escape(memberHostname, escaped)
	}
	e.tail = append(b, '}')
}

func (e *Encoder) escape(member int, escaped bool) {
	if escaped {
		e.escaped |= 1 << member
	}
}

// Append appends one envelope's text to slab, sets *m to the message and returns the longer slab. Its Meta is at, as the
// time received, and an ID that counts up from a random one.
//
// The message shares slab's memory: nobody may change those bytes while it, or a copy of it, is in use. When slab's
// capacity does not suffice it moves, as with append; messages written before stay good where they were.
//
// Append does not allocate when slab has room and the fields are strings, numbers, booleans, times and durations (in
// nanoseconds). Other kinds are written as [Draft] says. An envelope of more than 1 GiB, which no [Parser] takes, is not
// written: *m is the zero Message then.
func (e *Encoder) Append(slab []byte, m *Message, at time.Time, sev Severity, typ, payload string, fields []slog.Attr) []byte {
	b := e.open(slab, m, at, sev, typ, payload)
	b, replaced := appendObject(b, fields, fieldsDepth)
	e.replaced = e.replaced || replaced
	b, err := e.close(b, len(slab), m)
	if err != nil {
		return slab
	}
	e.deliver(b, len(slab), m, at)
	return b
}

// AppendJSON is [Encoder.Append] with fields already encoded: one JSON object (RFC 8259), which is read once
// to be sure of it and then copied. What no JSON line may hold is repaired as [Parser.AppendParse] does. Names that stand
// twice stay, so a strict reader will refuse them.
//
// A *[SyntaxError], with its offset in fields, says why they cannot be used. Slab is then returned as it was, and *m is
// the zero Message.
func (e *Encoder) AppendJSON(slab []byte, m *Message, at time.Time, sev Severity, typ, payload string, fields []byte) ([]byte, error) {
	b := e.open(slab, m, at, sev, typ, payload)
	b, replaced, err := appendSpliced(b, fields)
	e.replaced = e.replaced || replaced
	if err == nil {
		b, err = e.close(b, len(slab), m)
	}
	if err != nil {
		*m = Message{}
		return slab, err
	}
	e.deliver(b, len(slab), m, at)
	return b, nil
}

// Replaced reports whether something in the last message that was written was not text or not a number to JSON, so that
// something else stands there: U+FFFD for a byte that is not UTF-8, null for a float64 that is NaN or infinite, and what
// [Parser.AppendParse] would repair in fields that were encoded already. What encoding/json replaces is not known.
func (e *Encoder) Replaced() bool { return e.replaced }

// open appends everything before the fields and indexes it.
func (e *Encoder) open(b []byte, m *Message, at time.Time, sev Severity, typ, payload string) []byte {
	base := len(b)
	b = append(b, headText...)
	start := len(b)
	b, escapedType, invalid := appendString(b, typ)
	m.members[memberType] = spanOf(start-base, len(b)-base)
	e.replaced = invalid
	return e.openRest(b, base, m, at, sev, payload, escapedType)
}

// openRest is open after the type, of which e.replaced and escapedType tell.
func (e *Encoder) openRest(b []byte, base int, m *Message, at time.Time, sev Severity, payload string, escapedType bool) []byte {
	second, micro := stamp(at)
	if second != e.second {
		putSecond(e.middle[stampAt:], second)
		e.second = second
	}
	middle := len(b)
	b = append(b, e.middle...)
	putMicro(b[middle+stampAt+secondLength:], micro)
	code := sev.Code()
	digit := len(b) - len(payloadKey) - 1
	b[digit] = '0' + byte(code)

	at0 := middle - base
	m.members[memberTimestamp] = spanOf(at0+stampAt-1, at0+stampAt+stampLength+1)
	m.members[memberLogger] = e.logger.shift(at0)
	m.members[memberSeverity] = spanOf(digit-base, digit-base+1)
	m.severity = Severity(code) - 6

	start := len(b)
	b, escapedPayload, invalid := appendString(b, payload)
	e.replaced = e.replaced || invalid
	m.members[memberPayload] = spanOf(start-base, len(b)-base)
	m.escaped = e.escaped
	if escapedType {
		m.escaped |= 1 << memberType
	}
	if escapedPayload {
		m.escaped |= 1 << memberPayload
	}
	b = append(b, fieldsKey...)
	m.members[memberFields].start = uint32(len(b) - base)
	return b
}

// close appends everything after the fields and indexes it.
func (e *Encoder) close(b []byte, base int, m *Message) ([]byte, error) {
	tail := len(b) - base
	if tail+len(e.tail) > e.limit {
		*m = Message{}
		return b, &SyntaxError{Offset: e.limit, Reason: ReasonTooLarge}
	}
	m.members[memberFields].end = uint32(tail)
	b = append(b, e.tail...)
	m.members[memberEnvVersion] = e.version.shift(tail)
	m.members[memberPID] = e.pid.shift(tail)
	m.members[memberHostname] = e.host.shift(tail)
	return b, nil
}

// deliver points m at its text and gives it its Meta.
func (e *Encoder) deliver(b []byte, base int, m *Message, at time.Time) {
	e.id = e.id.Next()
	m.text = lend(b[base:])
	m.origin = ""
	m.id = e.id
	m.received = nanoseconds(at)
	m.slab = slabSize(cap(b))
}

func spanOf(start, end int) span { return span{uint32(start), uint32(end)} }

// shift moves a span; the zero span, a missing member, stays.
func (s span) shift(by int) span {
	if s.end == 0 {
		return s
	}
	return span{s.start + uint32(by), s.end + uint32(by)}
}
