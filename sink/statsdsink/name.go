package statsdsink

import (
	"unicode"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
)

// maxName is the size in bytes that a name, prefix included, is cut to.
const maxName = 1024

// plain tells the ASCII characters that stand in names as they are. A dot is not among them, since it ends a part.
var plain = func() (is [utf8.RuneSelf]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/%" {
		is[c] = true
	}
	return is
}()

// appendName appends the metric's name, and reports whether anything is left of it.
func appendName(buf []byte, m *envelope.Message, prefix Prefix) ([]byte, bool) {
	start := len(buf)
	switch prefix {
	case PrefixLogger:
		buf = appendPath(buf, start, m.Logger())
	case PrefixFieldsLogger:
		buf = appendPath(buf, start, fieldText(m, "logger"))
	}
	before := len(buf)
	buf = appendPath(buf, start, fieldText(m, "name"))
	return buf, len(buf) > before
}

// fieldText returns a field's text, "" for an object, an array and null.
func fieldText(m *envelope.Message, name string) string {
	v, _ := m.Field(name)
	switch v.Kind() {
	case envelope.Object, envelope.Array:
		return ""
	}
	return v.String()
}

// appendPath appends the parts of text to the name that begins at start, a dot before each but the first.
func appendPath(buf []byte, start int, text string) []byte {
	end := start + maxName
	gap := len(buf) > start // a dot goes before the next character
	for i := 0; i < len(text); {
		c, size := text[i], 1
		switch {
		case c == '.':
			gap = len(buf) > start
		case c == ':' && i+1 < len(text) && text[i+1] == ':':
			gap, size = len(buf) > start, 2
		default:
			from := text[i : i+1]
			switch {
			case c < utf8.RuneSelf && !plain[c]:
				from = "_"
			case c >= utf8.RuneSelf:
				from, size = beyondASCII(text[i:])
			}
			if gap {
				from, gap = "."+from, false
			}
			if len(buf)+len(from) > end {
				return buf
			}
			buf = append(buf, from...)
		}
		i += size
	}
	return buf
}

// beyondASCII returns what stands in a name for the character that text begins with, and its size in text.
func beyondASCII(text string) (string, int) {
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError || !unicode.IsPrint(r) {
		return "_", size
	}
	return text[:size], size
}
