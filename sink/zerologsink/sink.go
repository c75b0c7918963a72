package zerologsink

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Sink prints each message as a line of a logger. It may be used concurrently if the logger's writer may.
type Sink struct {
	logger zerolog.Logger
	books  sink.Counters
}

// New returns a Sink that prints through logger.
func New(logger zerolog.Logger) *Sink { return &Sink{logger: logger} }

// Send prints the batch, a line a message. Only the zero Message, which is no message, is refused, as permanent.
func (s *Sink) Send(_ context.Context, batch []envelope.Message) error {
	var failed []sink.Failure
	for i := range batch {
		if err := s.print(&batch[i]); err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}

// Borrows reports true: nothing is kept.
func (s *Sink) Borrows() bool { return true }

// Account returns the sink's books.
func (s *Sink) Account() sink.Account { return s.books.Account("zerolog") }

var errZero = sink.Permanent(errors.New("zerologsink: zero Message"))

// print prints one message and enters it in the books.
func (s *Sink) print(m *envelope.Message) error {
	if m.JSON() == "{}" {
		return s.books.Sent(1, errZero)
	}
	line := s.logger.WithLevel(levelOf(m.Severity()))
	if !line.Enabled() {
		s.books.Drop(1, "filtered", nil)
		return nil
	}
	if at, ok := m.Timestamp(); ok {
		line.Time(zerolog.TimestampFieldName, at)
	}
	text(line, "type", m.Type())
	text(line, "logger", m.Logger())
	text(line, "host", m.Hostname())
	if pid := m.PID(); pid != 0 {
		line.Int("pid", pid)
	}
	if fields, ok := m.Field(); ok && fields.JSON() != "{}" {
		line.RawJSON("fields", []byte(fields.JSON()))
	}
	line.Msg(summary(m))
	return s.books.Sent(1, nil)
}

// summary returns what a console shows first: of a metric, whose payload is but a number, also what it is the number of.
func summary(m *envelope.Message) string {
	switch m.Type() {
	case envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge:
		if name, ok := m.Field("name"); ok {
			return m.Type() + " " + name.String() + " " + m.Payload()
		}
	}
	return m.Payload()
}

func text(line *zerolog.Event, name, value string) {
	if value != "" {
		line.Str(name, value)
	}
}

func levelOf(severity envelope.Severity) zerolog.Level {
	switch severity {
	case envelope.Emergency, envelope.Alert:
		return zerolog.PanicLevel
	case envelope.Critical:
		return zerolog.FatalLevel
	case envelope.Error:
		return zerolog.ErrorLevel
	case envelope.Warning:
		return zerolog.WarnLevel
	case envelope.Debug:
		return zerolog.DebugLevel
	}
	return zerolog.InfoLevel
}
