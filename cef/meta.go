package cef

import "strings"

// A Meta is what a message of type cef says, in the member [MetaField] of its fields, about its way into syslog. Each is a
// word of syslog(3) without LOG_; empty, which is null there, leaves the choice to the router.
type Meta struct {
	Priority string // EMERG, ALERT, CRIT, ERR, WARNING, NOTICE, INFO or DEBUG; null is INFO
	Facility string // KERN, USER, MAIL, DAEMON, AUTH, LPR, NEWS, UUCP, CRON or LOCAL0 to LOCAL7; null is LOCAL4
	Ident    string // the program's name
	Options  string // of PID, CONS, NDELAY, NOWAIT and LOG_PERROR, separated by commas
}

// The names of a Meta's members, as the clients of 2012 wrote them.
const (
	MetaField    = "cef_meta"
	MetaPriority = "syslog_priority"
	MetaFacility = "syslog_facility"
	MetaIdent    = "syslog_ident"
	MetaOptions  = "syslog_options"
)

// PriorityCode returns RFC 5424's severity, 0 to 7, and false if m names none; then, and for null, that of INFO.
func (m Meta) PriorityCode() (code int, ok bool) {
	switch strings.TrimSpace(m.Priority) {
	case "EMERG":
		return 0, true
	case "ALERT":
		return 1, true
	case "CRIT":
		return 2, true
	case "ERR":
		return 3, true
	case "WARNING":
		return 4, true
	case "NOTICE":
		return 5, true
	case "INFO", "":
		return 6, true
	case "DEBUG":
		return 7, true
	}
	return 6, false
}

// FacilityCode returns RFC 5424's facility, 0 to 23, and false if m names none; then, and for null, that of LOCAL4.
func (m Meta) FacilityCode() (code int, ok bool) {
	name := strings.TrimSpace(m.Facility)
	if n, found := strings.CutPrefix(name, "LOCAL"); found && len(n) == 1 && n[0] >= '0' && n[0] <= '7' {
		return 16 + int(n[0]-'0'), true
	}
	switch name {
	case "KERN":
		return 0, true
	case "USER":
		return 1, true
	case "MAIL":
		return 2, true
	case "DAEMON":
		return 3, true
	case "AUTH":
		return 4, true
	case "LPR":
		return 6, true
	case "NEWS":
		return 7, true
	case "UUCP":
		return 8, true
	case "CRON":
		return 9, true
	case "":
		return 20, true
	}
	return 20, false
}

// PID reports whether the options name PID, the only one that changes what is sent.
func (m Meta) PID() bool {
	for option := range strings.SplitSeq(m.Options, ",") {
		if strings.TrimSpace(option) == "PID" {
			return true
		}
	}
	return false
}
