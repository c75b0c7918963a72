package cefsink

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// An encoder makes a record of a message. It is for one goroutine at a time.
type encoder struct {
	allowed
	format   Format
	stamp    bool // keep the payload's own
	hostless bool // RFC 3164 as it is written to a local daemon
	counted  bool // each record begins with its length, RFC 6587 section 3.4.1
	maxBytes int
	zone     *time.Location // of RFC 3164
	counts   *counts
	tell     func(error)

	line   cef.Line
	fields []byte // of a message whose origin is known, for most have the same
	origin origin
	odd    bool // the last cef_meta that was read had something to be counted
}

// append appends the record for m, whose payload is given. After an error buf is as it was.
func (e *encoder) append(buf []byte, m *envelope.Message, payload string) ([]byte, error) {
	written := isWritten(payload)
	if !written {
		defer e.forget()
		if err := e.line.Parse(payload); err != nil {
			return buf, fmt.Errorf("cefsink: message %v (type %.80q): payload: %w", m.Meta().ID, m.Type(), err)
		}
	}
	frame := len(buf)
	if e.counted {
		buf = append(buf, lengthRoom...)
	}
	start := len(buf)
	buf = e.appendHeader(buf, m)
	if e.stamp && !written {
		buf = appendStamp(buf, &e.line)
	}
	event := len(buf)
	if written {
		buf = append(buf, payload...)
	} else {
		var err error
		if buf, err = e.line.Append(buf); err != nil {
			return buf[:frame], fmt.Errorf("cefsink: message %v (type %.80q): %w", m.Meta().ID, m.Type(), err)
		}
		var replaced bool
		if buf, replaced = plain(buf, event); replaced {
			e.counts.replaced.Add(1)
		}
	}
	if len(buf)-start > e.maxBytes {
		buf = buf[:event+len(cut(buf[event:], e.maxBytes-(event-start)))]
		if e.counts.cut.first() {
			e.tell(errCut)
		}
	}
	if e.counted {
		buf = putLength(buf, frame)
	}
	return buf, nil
}

// keptMemory is how many extensions the memory is kept for.
const keptMemory = 256

// forget lets go of the event, whose text may be long and of a great many extensions.
func (e *encoder) forget() {
	memory := e.line.Extensions
	clear(memory)
	if cap(memory) > keptMemory {
		memory = nil
	}
	e.line = cef.Line{Event: cef.Event{Extensions: memory[:0]}}
}

// appendHeader appends all that stands before the event, with a space at its end.
func (e *encoder) appendHeader(buf []byte, m *envelope.Message) []byte {
	o := e.originOf(m)
	buf = append(buf, '<')
	buf = strconv.AppendInt(buf, int64(o.priority), 10)
	pid := 0
	if o.pid {
		pid = m.PID()
	}
	if e.format == RFC3164 {
		buf = timeOf(m).In(e.zone).AppendFormat(append(buf, '>'), time.Stamp)
		buf = append(buf, ' ')
		if host := m.Hostname(); !e.hostless && isName(host) {
			buf = append(appendHost(buf, host), ' ')
		}
		buf = append(buf, o.ident...)
		if pid > 0 {
			buf = append(strconv.AppendInt(append(buf, '['), int64(pid), 10), ']')
		}
		return append(buf, ": "...)
	}
	buf = append(buf, ">1 "...)
	buf = appendTime(buf, timeOf(m))
	buf = append(appendHost(append(buf, ' '), m.Hostname()), ' ')
	buf = append(append(buf, o.ident...), ' ')
	if pid > 0 {
		buf = strconv.AppendInt(buf, int64(pid), 10)
	} else {
		buf = append(buf, '-')
	}
	return append(buf, " - - "...)
}

// timeOf returns when the event was: the sender's word for it, if it is a time that syslog can say.
func timeOf(m *envelope.Message) time.Time {
	if at, ok := m.Timestamp(); ok && at.Year() >= 1 && at.Year() <= 9998 {
		return at
	}
	return m.Meta().Received.UTC()
}

// appendTime appends a time of UTC as RFC 5424 section 6.2.3 has it, to the microsecond.
func appendTime(buf []byte, at time.Time) []byte {
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	buf = appendDigits(buf, year, 4)
	buf = appendDigits(append(buf, '-'), int(month), 2)
	buf = appendDigits(append(buf, '-'), day, 2)
	buf = appendDigits(append(buf, 'T'), hour, 2)
	buf = appendDigits(append(buf, ':'), minute, 2)
	buf = appendDigits(append(buf, ':'), second, 2)
	buf = appendDigits(append(buf, '.'), at.Nanosecond()/1000, 6)
	return append(buf, 'Z')
}

func appendDigits(buf []byte, n, width int) []byte {
	end := len(buf) + width
	buf = append(buf, "000000"[:width]...)
	for i := end - 1; n > 0; i-- {
		buf[i] = byte('0' + n%10)
		n /= 10
	}
	return buf
}

// maxHost is how much of a host's name is written, RFC 5424 section 6.
const maxHost = 255

// appendHost appends a host's name, with an underscore for what none has: the sender may have written anything.
func appendHost(buf []byte, name string) []byte {
	if name == "" {
		return append(buf, '-')
	}
	for i := range min(len(name), maxHost) {
		c := name[i]
		if !inName[c] {
			c = '_'
		}
		buf = append(buf, c)
	}
	return buf
}

// isName reports whether a host has a letter or digit. Others would be taken for RFC 3164's tag.
func isName(host string) bool {
	for i := range min(len(host), maxHost) {
		if c := host[i]; inName[c] && c != '.' && c != '-' && c != '_' {
			return true
		}
	}
	return false
}

// appendStamp appends the date and host that stand before the event, if they do.
func appendStamp(buf []byte, line *cef.Line) []byte {
	date, host, ok := line.Stamp()
	if !ok {
		return buf
	}
	buf = append(append(buf, date...), ' ')
	return append(appendHost(buf, host), ' ')
}

// plain makes plain text of buf from start on, which is valid UTF-8: a tab becomes a space, and what else is [unfit] a
// question mark. It never grows. It reports whether anything was replaced.
func plain(buf []byte, start int) (_ []byte, replaced bool) {
	text := buf[start:]
	from := special(text)
	end := from
	for from < len(text) {
		r, size := utf8.DecodeRune(text[from:])
		switch {
		case r == '\t':
			text[end] = ' '
			end++
			replaced = true
		case unfit(r):
			text[end] = '?'
			end++
			replaced = true
		default:
			end += copy(text[end:], text[from:from+size])
		}
		from += size
	}
	return buf[:start+end], replaced
}

// unfit reports whether r is a control character, a line separator, or one that turns the direction of writing, which
// shows another text than there is.
func unfit(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// special returns where the first byte is that may belong to what plain changes.
func special(text []byte) int {
	for i, c := range text {
		if c < ' ' || c == 0x7f || c == 0xc2 || c == 0xe2 {
			return i
		}
	}
	return len(text)
}

// lengthRoom is as long as the length of most records, and the space behind it.
const lengthRoom = "000 "

// putLength writes the length of the record that ends buf before it, where there is lengthRoom at frame.
func putLength(buf []byte, frame int) []byte {
	record := len(buf) - frame - len(lengthRoom)
	var digits [20]byte
	text := append(strconv.AppendInt(digits[:0], int64(record), 10), ' ')
	if more := len(text) - len(lengthRoom); more != 0 {
		buf = append(buf, text...) // any bytes: it makes room
		copy(buf[frame+len(text):], buf[frame+len(lengthRoom):])
		buf = buf[:frame+len(text)+record]
	}
	copy(buf[frame:], text)
	return buf
}

// longest is the length of the longest record, with its length before it.
func (e *encoder) longest() int { return e.maxBytes + len("65507 ") }

// headers is more than anything that stands before an event.
const headers = 1024

// within is append into buf's own memory, whose room is longest at least.
func (e *encoder) within(buf []byte, m *envelope.Message) ([]byte, error) {
	payload := m.Payload()
	if headers+2*len(payload) <= cap(buf)-len(buf) { // escapes double it at most
		return e.append(buf, m, payload)
	}
	record, err := e.append(nil, m, payload)
	return append(buf, record...), err
}
