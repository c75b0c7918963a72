package envelope

import (
	"log/slog"
	"time"
)

// A Draft is an envelope being written. [Draft.Seal] makes a Message of it.
//
// Fields are encoded as slog's JSON handler would: a group is an object, one without a name is inlined, one without
// attributes left out, and so is the zero Attr; a LogValuer is resolved; a time is RFC 3339 within the years 0 to 9999, a
// duration its nanoseconds, an error its text; anything else is what encoding/json makes of it, without HTML escapes
// ([Value] included), which refuses a NaN within. A float64 that is NaN or infinite is null. Of a name that stands twice in
// one object the last is written.
//
// A value that cannot be written costs only itself. In its place stands a text: "!ERROR: " and the reason for what
// encoding/json refuses, for JSON of more than 1 MiB from one value, and for nesting past the 64 levels a Parser takes (an
// inlined group counts as one); "!PANIC: " and what was thrown when a method of the value panics.
type Draft struct {
	Timestamp time.Time   // zero: now; [Encoder] says how it is written
	Logger    string      // who sends, such as an application's name
	Type      string      // any string; see [TypeTimer] and its neighbours
	Severity  Severity    // the zero value is Info; one that is none of the eight is clamped
	Payload   string      // the message's body, as its type defines
	Fields    []slog.Attr // whatever else there is to say
	PID       int         // of the process; 0 or less: left out
	Hostname  string      // of the host; empty: left out
}

// Seal encodes the draft. The Message's Meta is now and a new ID; it shares no memory with the draft.
//
// Only a text of more than 1 GiB, which no [Parser] takes, is an error, a *[SyntaxError]. What is merely longer than its
// reader's MaxBytes is sealed.
func (d Draft) Seal() (Message, error) {
	var e Encoder
	e.set(d.Logger, d.PID, d.Hostname)
	return d.seal(&e)
}

func (d *Draft) seal(e *Encoder) (Message, error) {
	now := time.Now()
	at := d.Timestamp
	if at.IsZero() {
		at = now
	}
	var m Message
	b := e.open(make([]byte, 0, 1024+len(d.Payload)), &m, at, d.Severity, d.Type, d.Payload)
	b, _ = appendObject(b, d.Fields, fieldsDepth)
	b, err := e.close(b, 0, &m)
	if err != nil {
		return Message{}, err
	}
	m.text = string(b)
	m.id = NewID()
	m.received = now.UnixNano()
	return m, nil
}
