package sentrysink

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

// An EventError says why a message cannot be an event for Sentry. It is permanent.
type EventError struct {
	ID  envelope.ID // the message's
	Err error       // why
}

func (e *EventError) Error() string {
	return fmt.Sprintf("sentrysink: message %v: %v", e.ID, e.Err)
}

// Unwrap returns why.
func (e *EventError) Unwrap() error { return e.Err }

var (
	errZero   = errors.New("the zero message is no envelope")
	errEmpty  = errors.New("the payload is empty")
	errObject = errors.New("the payload is no JSON object")
	errLarge  = errors.New("the event is too large even without variables and fields and with four frames a stack")
)

// An event is what a message becomes, before it is written.
type event struct {
	text    string // a JSON object, valid and without what no JSON may hold
	id      string // 32 hexadecimal digits
	message envelope.ID
	project string // as clients of the old schema said
	at      time.Time
	level   sentry.Level
	hide    secret.Names
	lost    cut // by becoming this
}

// event returns the event that a message holds or becomes. It may lie in memory's slab.
func (s *Sink) event(m *envelope.Message, memory *scratch) (*event, error) {
	if m.JSON() == "{}" {
		return nil, errZero
	}
	e := &event{message: m.Meta().ID, at: timeOf(m), level: levelFrom(m.Severity())}
	var err error
	if m.Type() == envelope.TypeException {
		err = e.read(m, s, memory)
	} else {
		made, lost := s.message(m)
		err = e.become(made, lost, s.hide)
	}
	if err != nil {
		return nil, err
	}
	if e.id == "" {
		e.id = idOf(m)
	}
	return e, nil
}

// read reads an event as m has it. Secrets are hidden in one that is packed or of the old schema.
func (e *event) read(m *envelope.Message, s *Sink, memory *scratch) error {
	text := m.Payload()
	switch begin := strings.TrimLeft(text, " \t\r\n"); {
	case begin == "":
		return errEmpty
	case begin[0] != '{':
		var err error
		if text, err = inflate(text, s.options.MaxInflated); err != nil {
			return err
		}
		e.hide = s.hide
	}
	checked, err := memory.valid(text)
	if err != nil {
		return err
	}
	e.id = canonicalID(textOf(jsontext.Member(checked, "event_id")))
	e.project = textOf(jsontext.Member(checked, "project"))
	e.text = checked
	if !isRaven(checked) {
		return nil
	}
	made, lost := translate(checked, m, s.hide)
	return e.become(made, lost, s.hide)
}

// become makes e what was made of its message.
func (e *event) become(made *sentry.Event, lost cut, hide secret.Names) error {
	text, err := json.Marshal(made)
	e.text, e.lost, e.hide = string(text), lost, hide
	return err
}

// valid returns text, one JSON object, as a message may hold it: valid UTF-8, nothing but spaces between tokens, no NaN. It
// lies in the slab.
func (s *scratch) valid(text string) (string, error) {
	if s.encoder == nil {
		s.encoder = envelope.NewEncoder("", 0, "")
	}
	var m envelope.Message
	s.text = append(s.text[:0], text...)
	slab, err := s.encoder.AppendJSON(s.slab[:0], &m, time.Time{}, 0, "", "", s.text)
	var wrong *envelope.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Reason == envelope.ReasonNotObject:
		return "", errObject
	case errors.As(err, &wrong):
		return "", fmt.Errorf("the event: %s at offset %d", wrong.Reason, wrong.Offset) // it is no envelope
	case err != nil:
		return "", err
	}
	s.slab = slab
	fields, ok := m.Field()
	if !ok || fields.Kind() != envelope.Object {
		return "", errObject
	}
	return fields.JSON(), nil
}

// canonicalID returns an event's id as 32 lower-case hexadecimal digits, "" if it is none.
func canonicalID(id string) string {
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		id = strings.ReplaceAll(id, "-", "")
	}
	id = strings.ToLower(id)
	if _, err := hex.DecodeString(id); err != nil || len(id) != 32 || strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// idOf returns an id for a message's event: the message's own, or what its text gives.
func idOf(m *envelope.Message) string {
	if id := m.Meta().ID; id != (envelope.ID{}) {
		return id.String()
	}
	sum := sha256.Sum256([]byte(m.JSON()))
	return hex.EncodeToString(sum[:16])
}

// timeOf returns when a message says it happened, or else when it came.
func timeOf(m *envelope.Message) time.Time {
	if at, ok := m.Timestamp(); ok && at.Year() > 1 && at.Year() < 9999 {
		return at
	}
	return m.Meta().Received
}

// append appends the event in at most limit bytes, without variables and frames if need be.
func (e *event) append(b []byte, limit int) ([]byte, error) {
	t := tidier{hide: e.hide, lost: e.lost}
	for ; t.cut < cuts; t.cut++ {
		out := t.event(b, e.text, e.id, e.at, e.level)
		if len(out)-len(b) <= limit {
			return out, nil
		}
		b = out[:len(b)]
	}
	return b, errLarge
}
