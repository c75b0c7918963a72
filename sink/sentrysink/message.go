package sentrysink

import (
	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsontext"
)

const (
	maxMessage = 8 << 10 // bytes of an event's message: Sentry cuts it there
	maxName    = 190     // bytes of a tag and of what is as short: Sentry takes 200 characters
)

// message returns an event for a message that is none.
func (s *Sink) message(m *envelope.Message) *sentry.Event {
	fields, _ := m.Field()
	text := m.Payload()
	if text == "" {
		msg, _ := m.Field("msg")
		text = msg.String()
	}
	if text == "" {
		text = m.Type()
	}
	e := &sentry.Event{
		Message:    truncate(text, maxMessage),
		Level:      levelFrom(m.Severity()),
		Timestamp:  timeOf(m),
		Platform:   "other",
		Logger:     truncate(m.Logger(), maxName),
		ServerName: truncate(m.Hostname(), maxName),
		Contexts:   make(map[string]sentry.Context),
	}
	if m.Type() != "" {
		e.Tags = map[string]string{"type": truncate(m.Type(), maxName)}
	}
	if object := fields.JSON(); object != "" && object != "null" && !jsontext.IsEmpty(object) {
		e.Contexts["metlog"] = values(object, maxVars)
	}
	if s.options.Fingerprint != nil {
		e.Fingerprint = s.options.Fingerprint(m)
	}
	return e
}
