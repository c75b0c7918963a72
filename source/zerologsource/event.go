package zerologsource

import (
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsonline"
)

const (
	maxText   = 32 << 10 // bytes of a text in an event
	maxFrames = 128      // in an event
)

// event returns one event as Sentry reads it (https://develop.sentry.dev/sdk/data-model/event-payloads/): a JSON object.
// Texts were decoded and are encoded anew, so it is well-formed whatever the line is.
func (w *Writer) event(l *line, p parts, level zerolog.Level, severity envelope.Severity, at time.Time, message string) string {
	kind, value := level.String(), message
	if p.err != nil {
		kind, value = "error", l.anyText(p.err)
	}
	b := append(make([]byte, 0, 2<<10), `{"event_id":"`...)
	b = append(b, envelope.NewID().String()...)
	b = at.UTC().AppendFormat(append(b, `","timestamp":"`...), "2006-01-02T15:04:05.000000Z")
	b = append(b, `","platform":"go","level":"`...)
	b = append(b, sentryLevel(severity)...)
	b = appendText(append(b, `","logentry":{"formatted":`...), message)
	b = appendText(append(b, `},"exception":{"values":[{"type":`...), kind)
	b = appendText(append(b, `,"value":`...), value)
	bare := len(b)
	b = append(b, `,"stacktrace":{"frames":[`...)
	first := len(b)
	if p.stack != nil {
		b = appendStack(b, l.Value(p.stack))
	} else {
		b = w.appendCallers(b)
	}
	if len(b) > first {
		b = append(b, `]}`...)
	} else {
		b = b[:bare] // Sentry wants a stack that has a frame
	}
	return string(append(b, `}]}}`...))
}

func sentryLevel(severity envelope.Severity) string {
	switch {
	case severity <= envelope.Critical:
		return "fatal"
	case severity == envelope.Error:
		return "error"
	case severity == envelope.Warning:
		return "warning"
	case severity == envelope.Debug:
		return "debug"
	}
	return "info"
}

// anyText returns the text of a string, and the JSON of anything else.
func (l *line) anyText(m *jsonline.Member) string {
	if text, ok := l.Text(m); ok {
		return text
	}
	return string(l.Value(m))
}

// withText returns fields with the line's message as msg, where it is looked for when the payload is an event. An
// application's own msg stays.
func (l *line) withText(fields []byte, message string) []byte {
	if message == "" {
		return fields
	}
	for i := range l.Members {
		if m := &l.Members[i]; !m.Out && l.Name(m) == "msg" {
			return fields
		}
	}
	b := appendText([]byte(`{"msg":`), message)
	if len(fields) > len("{}") {
		b = append(b, ',')
	}
	return append(b, fields[1:]...)
}

// appendText appends s as a JSON string, no more than maxText of it.
func appendText(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	rest := ""
	if len(s) > maxText {
		rest = "… (" + strconv.Itoa(len(s)) + " bytes)"
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	b = append(b, '"')
	for _, r := range s { // what is not UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(append(b, rest...), '"')
}
