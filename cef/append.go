package cef

import (
	"strconv"
	"strings"
)

// The largest values of an event's Version and Severity; the smallest are 0.
const (
	MaxVersion  = 999
	MaxSeverity = 10 // standard, "Header Information"
)

// Append appends the event's line to b, without a line end. It allocates nothing if b has room.
//
// An [*Error] names the header or the key that cannot be written: a version or severity out of its range, a header with a
// line end, for which the standard has no form, or a key that is no word (see [Key]). Then b is returned as it was.
func (e *Event) Append(b []byte) ([]byte, error) {
	if err := e.check(); err != nil {
		return b, err
	}
	b = append(b, "CEF:"...)
	b = strconv.AppendInt(b, int64(e.Version), 10)
	for _, header := range e.headers() {
		b = append(b, '|')
		b = appendEscaped(b, header, '|')
	}
	b = append(b, '|')
	b = strconv.AppendInt(b, int64(e.Severity), 10)
	b = append(b, '|')
	for i := range e.Extensions {
		x := &e.Extensions[i]
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, x.Key...)
		b = append(b, '=')
		b = appendEscaped(b, x.Value, '=')
	}
	return b, nil
}

func (e *Event) check() error {
	if e.Version < 0 || e.Version > MaxVersion {
		return &Error{Header: "version", Reason: strconv.Itoa(e.Version) + " is not between 0 and 999"}
	}
	if e.Severity < 0 || e.Severity > MaxSeverity {
		return &Error{Header: "severity", Reason: strconv.Itoa(e.Severity) + " is not between 0 and 10"}
	}
	for i, header := range e.headers() {
		if hasLineEnd(header) {
			return &Error{Header: names[i], Reason: "has a line end"}
		}
	}
	for i := range e.Extensions {
		if err := e.Extensions[i].Key.Check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Event) headers() [5]string {
	return [...]string{e.Vendor, e.Product, e.DeviceVersion, e.Signature, e.Name}
}

func hasLineEnd(s string) bool {
	return strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0
}

// appendEscaped appends s with a backslash before special and backslashes, and without line ends.
func appendEscaped(b []byte, s string, special byte) []byte {
	start := 0
	for i := range len(s) {
		if !maybeEscaped[s[i]] {
			continue
		}
		c := s[i]
		switch c {
		case special, '\\':
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		default:
			continue
		}
		b = append(b, s[start:i]...)
		b = append(b, '\\', c)
		start = i + 1
	}
	return append(b, s[start:]...)
}

// maybeEscaped are the bytes that are escaped somewhere.
//
//nolint:gochecknoglobals // a constant
var maybeEscaped = [256]bool{'|': true, '=': true, '\\': true, '\n': true, '\r': true}
