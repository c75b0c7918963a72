package cef

import "strings"

// A Line is an event as it was read, and what else stood there.
//
// Beside what [Event.Append] writes and what the standard has, it takes what the Python package cef wrote: a date and a
// host before the event; vendor and product with a bare |, the last of which ends the vendor; a bare = in a value where no
// key stands before it; bare line ends in values; a severity that is any text. Line ends in headers, which that package put
// after a backslash, are read as spaces, and hyphens in keys as underscores, so that what can be read can be written. What
// it left unescaped and reads as a key is one: nobody can tell.
type Line struct {
	Event

	// Before is what stands before "CEF:": any text, not to be trusted. See [Line.Stamp].
	Before string

	// SeverityText is the severity as it was written. If that is no number from 0 to 10, Severity is the next one, that of
	// the standard's words (Low 3, Medium 6, High 8, Very-High 10), or 5.
	SeverityText string
}

// Parse reads one line. What it returns has parts of text. An [*Error] says what is missing.
func Parse(text string) (*Line, error) {
	l := new(Line)
	if err := l.Parse(text); err != nil {
		return nil, err
	}
	return l, nil
}

// Parse is the function [Parse] into a Line whose memory is used again. After an error it is empty.
func (l *Line) Parse(text string) error {
	memory := l.Extensions[:0]
	clear(l.Extensions) // or it would keep other texts in memory
	*l = Line{Event: Event{Extensions: memory}}
	start, version, next := find(text)
	if start < 0 {
		return &Error{Reason: "no CEF"}
	}
	h := header{text: text, from: next}
	rest, missing := h.split()
	switch missing {
	case "":
	case extensions:
		return &Error{Header: extensions, Reason: "do not begin with a key"}
	default:
		return &Error{Header: missing, Reason: "is missing"}
	}
	l.Before, l.SeverityText = text[:start], h.field(h.n-1)
	l.Version = version
	l.Vendor, l.Product = h.fields(0, h.n-5), h.field(h.n-5)
	l.DeviceVersion, l.Signature, l.Name = h.field(h.n-4), h.field(h.n-3), h.field(h.n-2)
	l.Severity = severity(l.SeverityText)
	l.Extensions = appendExtensions(memory, rest)
	return nil
}

// find returns where an event begins, its version, and where its vendor begins.
func find(text string) (start, version, next int) {
	const mark = "CEF:"
	for from := 0; ; {
		i := strings.Index(text[from:], mark)
		if i < 0 {
			return -1, 0, 0
		}
		start, next = from+i, from+i+len(mark)
		version = 0
		digits := next
		for next < len(text) && isDigit(text[next]) && version <= MaxVersion {
			version = version*10 + int(text[next]-'0')
			next++
		}
		if next > digits && next < len(text) && text[next] == '|' && version <= MaxVersion {
			return start, version, next + 1
		}
		from = digits
	}
}

const (
	headers  = 6  // between the version and the extensions
	maxBars  = 32 // bare ones in vendor and product included
	unstated = 5  // the severity of an event that says none

	extensions = "extensions"
)

// A header is the part of a text between the version and the extensions.
type header struct {
	text string
	from int
	n    int          // fields
	ends [maxBars]int // of fields
}

//nolint:gochecknoglobals // a constant
var names = [headers]string{"vendor", "product", "device version", "signature", "name", "severity"}

// split finds the fields, and returns the text of the extensions, or the name of the header that is missing.
func (h *header) split() (rest, missing string) {
	for i := h.from; i < len(h.text) && h.n < maxBars; i++ {
		switch h.text[i] {
		case '\\':
			i++
		case '|':
			h.ends[h.n] = i
			h.n++
			if rest = h.text[i+1:]; h.n >= headers && beginsExtensions(rest) {
				return rest, ""
			}
		}
	}
	switch {
	case h.n >= headers:
		return "", extensions
	case h.n == headers-1: // the last bar is often left out where nothing follows
		h.ends[h.n] = len(h.text)
		h.n++
		if _, ok := number(h.field(headers - 1)); ok {
			return "", ""
		}
	}
	return "", names[min(h.n, headers-1)]
}

// beginsExtensions reports whether s is empty or begins with a key.
func beginsExtensions(s string) bool {
	s = strings.TrimLeft(s, " ")
	i := 0
	for i < len(s) && inKey(s[i]) {
		i++
	}
	return s == "" || i > 0 && i <= maxKey && i < len(s) && s[i] == '='
}

// field returns the field i.
func (h *header) field(i int) string { return h.fields(i, i+1) }

// fields returns the fields from i to before j as one.
func (h *header) fields(i, j int) string {
	from := h.from
	if i > 0 {
		from = h.ends[i-1] + 1
	}
	field := unescape(h.text[from:h.ends[j-1]], '|')
	if hasLineEnd(field) {
		field = lineEnds.Replace(field)
	}
	return field
}

//nolint:gochecknoglobals // a constant
var lineEnds = strings.NewReplacer("\r", " ", "\n", " ")

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func number(text string) (n int, ok bool) {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = min(n*10+int(text[i]-'0'), 1000)
	}
	return n, text != ""
}

func severity(text string) int {
	if n, ok := number(text); ok {
		return min(n, MaxSeverity)
	}
	switch {
	case strings.EqualFold(text, "Low"):
		return 3
	case strings.EqualFold(text, "Medium"):
		return 6
	case strings.EqualFold(text, "High"):
		return 8
	case strings.EqualFold(text, "Very-High"):
		return MaxSeverity
	case strings.HasPrefix(text, "-"):
		if _, ok := number(text[1:]); ok {
			return 0
		}
	}
	return unstated
}

// appendExtensions reads what begins with a key or is empty.
func appendExtensions(list []Extension, s string) []Extension {
	s = strings.TrimLeft(s, " ")
	for s != "" {
		key, rest, _ := strings.Cut(s, "=")
		end, next := endOfValue(rest)
		list = append(list, Extension{readable(key), unescape(rest[:end], '=')})
		s = rest[next:]
	}
	return list
}

// endOfValue returns where a value ends and where the next key begins: one is what stands between a space and a bare =.
func endOfValue(s string) (end, next int) {
	for i := strings.IndexByte(s, '='); i >= 0; {
		key := i
		for key > 0 && i-key <= maxKey && inKey(s[key-1]) {
			key--
		}
		if n := i - key; n > 0 && n <= maxKey && key > 0 && s[key-1] == ' ' {
			return key - 1, key
		}
		more := strings.IndexByte(s[i+1:], '=')
		if more < 0 {
			break
		}
		i += 1 + more
	}
	return len(s), len(s)
}

// unescaped returns what a backslash before c stands for, or 0 if it stands for itself. Special is = in values and | in
// headers, where there are no lines to be escaped, but lines there may be.
func unescaped(c, special byte) byte {
	switch {
	case c == special || c == '\\' || c == '|' || c == '\n' || c == '\r':
		return c
	case c == 'n' && special == '=':
		return '\n'
	case c == 'r' && special == '=':
		return '\r'
	}
	return 0
}

// unescape reads what appendEscaped wrote.
func unescape(s string, special byte) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if u := unescaped(s[i+1], special); u != 0 {
				c = u
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
