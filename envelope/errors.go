package envelope

import "strconv"

// A SyntaxError says why bytes are no envelope and where reading stopped. Start to Offset is what was looked at; an
// envelope that is whole and refused all the same (duplicate member, no member, strict) was read to its end.
type SyntaxError struct {
	Offset int    // where reading stopped, in bytes from the frame's beginning
	Start  int    // where the envelope that could not be read begins, likewise
	Reason Reason // what is wrong
}

// A Reason names what is wrong with a text that should be an envelope. It is the same text for the same fault, whatever
// the input, so it can label a counter.
type Reason string

// Reasons for which a text cannot be read as an envelope.
const (
	ReasonEmpty     Reason = "empty"                         // nothing there but blanks
	ReasonNotObject Reason = "not a JSON object"             // what begins here is no '{': a scalar, an array, MessagePack, a byte order mark, a header
	ReasonTruncated Reason = "truncated"                     // the text ends within the envelope
	ReasonTooLarge  Reason = "too large"                     // more than Parser.MaxBytes
	ReasonTooDeep   Reason = "nested deeper than 64"         // objects and arrays, the envelope itself included
	ReasonToken     Reason = "unexpected character"          // the grammar of RFC 8259 allows something else here
	ReasonNumber    Reason = "malformed number"              // such as 01, 1. or 1e
	ReasonControl   Reason = "control character in a string" // RFC 8259 section 7 wants it escaped
	ReasonEscape    Reason = "malformed escape in a string"  // such as \q or \u12
	ReasonDuplicate Reason = "duplicate member"              // an envelope member stands twice, aliases and escaped spellings included
	ReasonNoMember  Reason = "no member of an envelope"      // a JSON object all the same: {}, or a MozLog record
	ReasonTrailing  Reason = "more than one envelope"        // Parse only: something follows the first
)

// Reasons for which [Parser.Strict] refuses what could be read.
const (
	ReasonRewritten      Reason = "strict: text would be rewritten" // newlines between members, invalid UTF-8, NaN
	ReasonMissing        Reason = "strict: missing member"
	ReasonUnknown        Reason = "strict: unknown member" // aliases are unknown too
	ReasonType           Reason = "strict: member of another type"
	ReasonSeverity       Reason = "strict: severity is not 0 to 7"
	ReasonTimestamp      Reason = "strict: timestamp is not RFC 3339"
	ReasonVersion        Reason = "strict: env_version is not 0.8"
	ReasonDuplicateField Reason = "strict: duplicate name in fields"
)

func (e *SyntaxError) Error() string {
	return "envelope: " + string(e.Reason) + " at offset " + strconv.Itoa(e.Offset)
}
