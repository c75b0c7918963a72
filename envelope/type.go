package envelope

// Types of message that metlog knows. A type is any string: one nobody defined up front is routed, queued and archived
// like these. docs/types.md gives each type's payload, fields, severity and default route.
const (
	TypeTimer     = "timer"    // payload: milliseconds, a decimal number; fields: name, rate
	TypeCounter   = "counter"  // payload: the count, a decimal number, may be negative; fields: name, rate
	TypeGauge     = "gauge"    // payload: the value, a decimal number; fields: name, rate
	TypeLog       = "oldstyle" // payload: the formatted text of a log call
	TypeException = "sentry"   // payload: one event for Sentry
	TypeCEF       = "cef"      // payload: one event in ArcSight's Common Event Format; fields: cef_meta

	// TypeDeadLetter is a message that could not be delivered. Payload: its JSON, unchanged; fields: sink, error,
	// attempts, first, last, received, origin, id.
	TypeDeadLetter = "metlog.deadletter"

	// TypeUndecodable is a frame that holds no envelope. Payload: at most 64 KiB of it, in base64 with fields.encoding
	// "base64" when it is not valid UTF-8; fields: error, offset, origin, and bytes, its size, when that is not all of it.
	TypeUndecodable = "metlog.undecodable"
)
