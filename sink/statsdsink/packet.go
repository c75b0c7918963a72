package statsdsink

import (
	"errors"
	"fmt"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A packet is the lines of one batch, each with a newline at its end.
type packet struct {
	buf   []byte
	lines []line
}

// A line is what one message became: one line, or two that belong together.
type line struct {
	index int // of the message in its batch
	end   int // in buf, after the newline
}

func (p *packet) reset() {
	p.buf, p.lines = p.buf[:0], p.lines[:0]
}

// start returns where line i begins.
func (p *packet) start(i int) int {
	if i == 0 {
		return 0
	}
	return p.lines[i-1].end
}

var (
	errKind  = errors.New("is no counter, timer or gauge")
	errName  = errors.New("has no fields.name that makes a name")
	errValue = errors.New("is no finite decimal number")
)

// add appends the line for message m. After an error the packet is as it was.
func (p *packet) add(index int, m *envelope.Message, prefix Prefix) error {
	var kind string
	switch m.Type() {
	case envelope.TypeCounter:
		kind = "|c"
	case envelope.TypeTimer:
		kind = "|ms"
	case envelope.TypeGauge:
		kind = "|g"
	default:
		return refusal(m, fmt.Errorf("type %.80q %w", m.Type(), errKind))
	}
	start := len(p.buf)
	buf, ok := appendName(p.buf, m, prefix)
	if !ok {
		return refusal(m, errName)
	}
	name := buf[start:]
	buf = append(buf, ':')
	value := len(buf)
	if buf, ok = appendNumber(buf, m.Payload()); !ok {
		return refusal(m, fmt.Errorf("payload %.80q %w", m.Payload(), errValue))
	}
	if kind == "|g" && buf[value] == '-' {
		// To statsd a sign means a change. So set 0, then change it by the value.
		negative := string(buf[value:])
		buf = append(append(buf[:value], "0|g"...), '\n')
		buf = append(append(buf, name...), ':')
		buf = append(buf, negative...)
	}
	buf = appendRate(append(buf, kind...), m)
	p.buf = append(buf, '\n')
	p.lines = append(p.lines, line{index, len(p.buf)})
	return nil
}

// refusal names the message that err is about.
func refusal(m *envelope.Message, err error) error {
	name, _ := m.Field("name")
	return fmt.Errorf("statsdsink: message %v (type %.80q, name %.80q): %w", m.Meta().ID, m.Type(), name.String(), err)
}
