package zerologsource

import (
	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
)

// severityOf is the default of Options.Severity.
func severityOf(level zerolog.Level) envelope.Severity {
	switch level {
	case zerolog.InfoLevel, zerolog.NoLevel:
		return envelope.Info
	case zerolog.WarnLevel:
		return envelope.Warning
	case zerolog.ErrorLevel:
		return envelope.Error
	}
	if level < zerolog.InfoLevel {
		return envelope.Debug
	}
	return envelope.Critical
}

// safely returns severity with the default in place of a panic.
func safely(severity func(zerolog.Level) envelope.Severity) func(zerolog.Level) envelope.Severity {
	return func(level zerolog.Level) (s envelope.Severity) {
		defer func() {
			if recover() != nil {
				s = severityOf(level)
			}
		}()
		return severity(level)
	}
}

// urgent reports whether the program, or the goroutine, may end when the line is written.
func urgent(level zerolog.Level) bool {
	return level == zerolog.FatalLevel || level == zerolog.PanicLevel
}

// ownLevel is the level that a line says it has.
func (l *line) ownLevel() zerolog.Level {
	for i := range l.Members {
		if m := &l.Members[i]; l.Name(m) == zerolog.LevelFieldName {
			text, ok := l.Text(m)
			if level, err := zerolog.ParseLevel(text); ok && err == nil {
				return level
			}
			break
		}
	}
	return zerolog.NoLevel
}
