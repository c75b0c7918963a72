package sentrysink

import (
	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
)

const maxMessage = 8 << 10 // bytes of an event's message: Sentry cuts it there

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
		Logger:     m.Logger(),
		ServerName: m.Hostname(),
		Contexts:   make(map[string]sentry.Context),
	}
	if m.Type() != "" {
		e.Tags = map[string]string{"type": m.Type()}
	}
	if object := fields.JSON(); object != "" && object != "null" && !isEmpty(object) {
		e.Contexts["metlog"] = values(object, maxVars)
	}
	if s.options.Fingerprint != nil {
		e.Fingerprint = s.options.Fingerprint(m)
	}
	return e
}
