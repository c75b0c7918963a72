package zerologsource

import (
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsonline"
)

// event returns an event for Sentry (the attributes of its Event Payloads documentation): one JSON object. Message and
// error are text that was decoded: they are encoded anew.
func (l *line) event(p parts, level zerolog.Level, severity envelope.Severity, at time.Time, message string) string {
	if at.IsZero() {
		at = time.Now()
	}
	kind, value := "error", ""
	if p.err == nil {
		kind, value = level.String(), message
	} else {
		value = l.anyText(p.err)
	}
	b := append(make([]byte, 0, 1024), `{"event_id":"`...)
	b = append(b, envelope.NewID().String()...)
	b = at.UTC().AppendFormat(append(b, `","timestamp":"`...), "2006-01-02T15:04:05.000000Z07:00")
	b = append(b, `","platform":"go","level":"`...)
	b = append(b, sentryLevel(severity)...)
	b = appendQuoted(append(b, `","logentry":{"formatted":`...), message)
	b = appendQuoted(append(b, `},"exception":{"values":[{"type":`...), kind)
	b = appendQuoted(append(b, `,"value":`...), value)
	b = append(b, `,"stacktrace":{"frames":[`...)
	if p.stack != nil {
		b = appendStack(b, l.Value(p.stack))
	} else {
		b = appendCallers(b)
	}
	return string(append(b, `]}}]}}`...))
}

// anyText returns the text of a string, and the JSON of anything else.
func (l *line) anyText(m *jsonline.Member) string {
	if text, ok := l.Text(m); ok {
		return text
	}
	return string(l.Value(m))
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

// appendStack appends the frames that zerolog's pkgerrors wrote, innermost first, in Sentry's order. A stack of any other
// shape has none.
func appendStack(b, stack []byte) []byte {
	var frames [][]byte
	for i := 1; stack[0] == '[' && i < len(stack); {
		i = jsonline.PastBlanks(stack, i)
		end := jsonline.PastValue(stack, i)
		if end <= i {
			break
		}
		frames = append(frames, stack[i:end])
		if i = jsonline.PastBlanks(stack, end); i >= len(stack) || stack[i] != ',' {
			break
		}
		i++
	}
	first := len(b)
	for i := len(frames) - 1; i >= 0; i-- {
		b = appendFrame(b, first, frames[i])
	}
	return b
}

func appendFrame(b []byte, first int, text []byte) []byte {
	var frame line
	if _, ok := frame.Scan(text); !ok {
		return b
	}
	var function, source, number string
	for i := range frame.Members {
		m := &frame.Members[i]
		switch frame.Name(m) {
		case "func":
			function = frame.anyText(m)
		case "source":
			source = frame.anyText(m)
		case "line":
			number = frame.anyText(m)
		}
	}
	lineno, _ := strconv.Atoi(number)
	return appendSentryFrame(b, first, function, "", source, lineno)
}

// appendCallers appends the frames of this goroutine up to the call of zerolog.
func appendCallers(b []byte) []byte {
	var pcs [64]uintptr
	callers := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var frames []runtime.Frame
	for more := true; more; {
		var f runtime.Frame
		if f, more = callers.Next(); f.Function == "" {
			continue
		}
		if ours(f.Function) {
			frames = frames[:0]
			continue
		}
		frames = append(frames, f)
	}
	first := len(b)
	for i := len(frames) - 1; i >= 0; i-- {
		b = appendSentryFrame(b, first, frames[i].Function, frames[i].File, path.Base(frames[i].File), frames[i].Line)
	}
	return b
}

// bridge is what the names of the functions that lead from zerolog to here begin with.
const bridge = "github.com/mozilla-services/metlog-go/source/zerologsource.(*"

// ours reports whether a function belongs to the way from the application to here.
func ours(function string) bool {
	return strings.HasPrefix(function, "github.com/rs/zerolog.") || strings.HasPrefix(function, bridge)
}

func appendSentryFrame(b []byte, first int, function, abs, file string, lineno int) []byte {
	if len(b) > first {
		b = append(b, ',')
	}
	module := ""
	if slash := strings.LastIndexByte(function, '/'); strings.IndexByte(function[slash+1:], '.') >= 0 {
		dot := slash + 1 + strings.IndexByte(function[slash+1:], '.')
		module, function = function[:dot], function[dot+1:]
	}
	b = appendQuoted(append(b, `{"function":`...), function)
	if module != "" {
		b = appendQuoted(append(b, `,"module":`...), module)
	}
	b = appendQuoted(append(b, `,"filename":`...), file)
	if abs != "" {
		b = appendQuoted(append(b, `,"abs_path":`...), abs)
	}
	if lineno > 0 {
		b = strconv.AppendInt(append(b, `,"lineno":`...), int64(lineno), 10)
	}
	return append(b, '}')
}

// appendQuoted appends s as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
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
	return append(b, '"')
}
