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

// message returns an event for a message that is none, and what of it is lost.
func (s *Sink) message(m *envelope.Message) (e *sentry.Event, lost cut) {
	object, _ := m.Field()
	text := m.Payload()
	if text == "" {
		msg, _ := m.Field("msg")
		text = msg.String()
	}
	if text == "" {
		text = m.Type()
	}
	e = &sentry.Event{
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
	if text := object.JSON(); text != "" && text != "null" && !jsontext.IsEmpty(text) {
		var all bool
		if e.Contexts["metlog"], all = values(text, maxVars); !all {
			lost = fields
		}
	}
	if s.options.Fingerprint != nil {
		e.Fingerprint = s.options.Fingerprint(m)
	}
	return e, lost
}
