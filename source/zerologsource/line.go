package zerologsource

import (
	"bytes"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/internal/jsonline"
)

// A line is one of zerolog's, taken apart.
type line struct{ jsonline.Line }

// parts are the members that are not only fields. Nil is missing.
type parts struct{ time, message, stack, err *jsonline.Member }

// pick finds the parts, and takes the level out of fields when it says what zerolog said.
func (l *line) pick(level zerolog.Level) (p parts) {
	leveled := false
	for i := range l.Members {
		m := &l.Members[i]
		switch l.Name(m) {
		case zerolog.LevelFieldName:
			if !leveled {
				text, _ := l.Text(m)
				m.Out = text == zerolog.LevelFieldMarshalFunc(level) && text != ""
			}
			leveled = true
		case zerolog.TimestampFieldName:
			p.time = m
		case zerolog.MessageFieldName:
			p.message = m
		case zerolog.ErrorStackFieldName:
			if p.stack = nil; isStack(l.Value(m)) {
				p.stack = m
			}
		case zerolog.ErrorFieldName:
			p.err = m
		}
	}
	return p
}

// anyText returns the text of a string, and the JSON of anything else.
func (l *line) anyText(m *jsonline.Member) string {
	if text, ok := l.Text(m); ok {
		return text
	}
	return string(l.Value(m))
}

// isStack tells a stack from what else an application may call by that name, such as "production".
func isStack(value []byte) bool {
	return value[0] == '[' || value[0] == '{' || value[0] == '"' && bytes.Contains(value, []byte(`\n`))
}
