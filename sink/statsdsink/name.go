package statsdsink

import (
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
)

// maxName is the size in bytes that a name, prefix included, is cut to. The prefix gets half of it at most.
const maxName = 1024

// plain tells the characters that stand in names as they are. A dot is not among them, since it ends a part. Nor is
// anything beyond ASCII: statsd's TCP server drops the eighth bit of a byte, and so reads a newline within "Ċ".
var plain = func() (is [256]bool) {
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
		buf = appendPath(buf, start, maxName/2, m.Logger())
	case PrefixFieldsLogger:
		buf = appendPath(buf, start, maxName/2, fieldText(m, "logger"))
	}
	before := len(buf)
	buf = appendPath(buf, start, maxName, fieldText(m, "name"))
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

// appendPath appends the parts of text to the name that begins at start, with a dot before each part but the first, until
// the name has limit bytes.
func appendPath(buf []byte, start, limit int, text string) []byte {
	first := true // in its part
	for len(text) > 0 {
		if size := separator(text); size > 0 {
			first, text = true, text[size:]
			continue
		}
		piece, size := pieceOf(text)
		room := limit - (len(buf) - start)
		if first && len(buf) > start {
			room--
		}
		if room <= 0 {
			return buf
		}
		piece = piece[:min(len(piece), room)]
		if first && len(buf) > start {
			buf = append(buf, '.')
		}
		buf = append(buf, piece...)
		first, text = false, text[size:]
	}
	return buf
}

// separator returns the size of the separator that text begins with: "." or "::", else 0.
func separator(text string) int {
	switch {
	case text[0] == '.':
		return 1
	case len(text) > 1 && text[:2] == "::":
		return 2
	}
	return 0
}

// pieceOf returns what stands in a name for the beginning of text, and how much of text that is: a run of plain
// characters, or one other.
func pieceOf(text string) (piece string, size int) {
	for size < len(text) && plain[text[size]] {
		size++
	}
	if size > 0 {
		return text[:size], size
	}
	_, size = utf8.DecodeRuneInString(text)
	return "_", size
}
