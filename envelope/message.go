package envelope

import "time"

// A Message is one envelope: its JSON as one line of text, an index of where its members lie in that text, and what the
// source knows about it. It is an immutable value: copying it copies the index, not the text, and any number of
// goroutines may read it.
//
// A Message keeps the memory its text was cut from alive; [Message.Clone] detaches it. The zero Message is no envelope:
// its JSON is "{}" and sinks refuse it.
//
// The readers have pointer receivers because a Message is about 140 bytes; range over a batch by index.
type Message struct {
	text     string
	origin   string
	id       ID
	received int64 // nanoseconds since 1970, 0: unknown
	members  [memberCount]span
	slab     uint16 // KiB of the memory text is part of, rounded up, saturating
	escaped  uint16 // bit per member: its text holds a backslash
	severity Severity
}

// A span is where a member's value lies in a Message's text, quotes and brackets included. No value starts at 0, where
// the opening brace is, so the zero span is a member that is missing.
type span struct{ start, end uint32 }

// The envelope's members in the order in which this package writes them.
const (
	memberType = iota
	memberTimestamp
	memberLogger
	memberSeverity
	memberPayload
	memberFields
	memberEnvVersion
	memberPID
	memberHostname
	memberCount
)

// Meta is what a source knows about a message. It never comes from the envelope's text, and no sender can set it.
type Meta struct {
	Received time.Time // when the source took it in, to the nanosecond; kept as nanoseconds since 1970
	Origin   string    // where it came from, such as an endpoint or a peer's address; empty when unknown
	ID       ID        // unique to the message
}
