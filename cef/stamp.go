package cef

import "strings"

// Stamp returns the date and the host that stand before the event, as the Python package cef and syslog (RFC 3164, 4.1.2)
// write them: "Nov 02 09:30:00", in a zone and year that only the sender knows, and a name. It is not ok for anything else:
// a host has at most 255 visible characters of ASCII.
func (l *Line) Stamp() (date, host string, ok bool) {
	const form = "Jan 02 15:04:05 "
	s := strings.TrimSuffix(l.Before, " ")
	if len(s) <= len(form) || len(s) > len(form)+255 {
		return "", "", false
	}
	date, host = s[:len(form)-1], s[len(form):]
	for i, c := range []byte(date) {
		switch form[i] {
		case '0', '1', '2', '4', '5':
			ok = isDigit(c) || i == len("Jan ") && c == ' '
		case ' ', ':':
			ok = c == form[i]
		default:
			ok = c|0x20 >= 'a' && c|0x20 <= 'z'
		}
		if !ok {
			return "", "", false
		}
	}
	if s[len(date)] != ' ' {
		return "", "", false
	}
	for i := range len(host) {
		if host[i] <= ' ' || host[i] >= 0x7f {
			return "", "", false
		}
	}
	return date, host, true
}
