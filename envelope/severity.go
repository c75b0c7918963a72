package envelope

// Severity is how bad the event is that a message tells of (RFC 5424 section 6.2.1, table 2). The zero value is Info, so
// a forgotten severity is not an emergency. Like RFC 5424's codes, and unlike slog's levels, a lower Severity is worse.
type Severity int8

// The severities of RFC 5424, worst first. [Severity.Code] gives the numbers 0 to 7 that the envelope carries.
const (
	Emergency Severity = iota - 6
	Alert
	Critical
	Error
	Warning
	Notice
	Info
	Debug
)

var severityNames = [8]string{"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Info", "Debug"}

// SeverityOf returns the severity with an RFC 5424 code. Any code but 0 to 7 is reported as false, with Info.
func SeverityOf(code int) (Severity, bool) {
	if code < 0 || code > 7 {
		return Info, false
	}
	return Severity(code - 6), true
}

// Code returns the number RFC 5424 gives the severity, 0 (Emergency) to 7 (Debug). A Severity that is none of the eight
// is clamped.
func (s Severity) Code() int { return min(max(int(s)+6, 0), 7) }

// String returns the severity's name, such as "Warning".
func (s Severity) String() string { return severityNames[s.Code()] }
