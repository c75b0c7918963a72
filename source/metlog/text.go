package metlog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

const maxEscaped = len(`\u0000`) // bytes of a byte between quotes

// appendText appends s as a JSON string of valid UTF-8. Between its quotes stand at most limit bytes, or, of a longer
// one, somewhat more: its beginning and its length.
func appendText(b []byte, s string, limit int) []byte { return appendBeginning(b, s, limit, len(s)) }

// appendBeginning is appendText of what s, the beginning of a text of so many bytes, is of it.
func appendBeginning(b []byte, s string, limit, whole int) []byte {
	b = append(b, '"')
	end := len(b) + limit
	i := 0
	for i < len(s) {
		c := s[i]
		size := 1
		if c >= utf8.RuneSelf {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		if len(b)+size > end || c < ' ' && len(b)+len(`\u0000`) > end {
			break
		}
		switch {
		case c >= utf8.RuneSelf && size == 1:
			b = append(b, "\uFFFD"...)
		case size > 1:
			b = append(b, s[i:i+size]...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i += size
	}
	if i < whole {
		b = append(b, "… ("...)
		b = strconv.AppendInt(b, int64(whole), 10)
		b = append(b, " bytes)"...)
	}
	return append(b, '"')
}

// textOf returns what fmt makes of what was thrown, at most 1 KiB of it: a verb's precision bounds texts alone.
func textOf(thrown any) string {
	s := fmt.Sprint(thrown)
	return s[:min(len(s), maxString)]
}

// appendSafe appends JSON that is well-formed but may have come from a json.Marshaler: some servers choke on halves of
// surrogate pairs and on NUL, which become U+FFFD, and on numbers beyond a float64, which become strings. Members whose
// names hide hides are redacted, and so are the secrets in URLs.
func appendSafe(b []byte, text string, hide secret.Names) []byte {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			end := jsontext.StringEnd(text, i)
			b = appendShown(b, text[i:end], hide)
			if next := jsontext.Past(text, end); next < len(text) && text[next] == ':' && len(hide) > 0 && hide.Hides(jsontext.Unquote(text[i:end])) {
				next++
				b = append(append(b, ':'), redacted...)
				end = jsontext.ValueEnd(text, jsontext.Past(text, next))
			}
			i = end
		case c == '-' || c >= '0' && c <= '9':
			end := i + numberLen(text[i:])
			if f, err := strconv.ParseFloat(text[i:end], 64); err != nil || math.IsInf(f, 0) {
				b = appendText(b, text[i:end], maxString)
			} else {
				b = append(b, text[i:end]...)
			}
			i = end
		default:
			b = append(b, c)
			i++
		}
	}
	return b
}

func numberLen(text string) int {
	if i := strings.IndexAny(text, ",]} "); i >= 0 {
		return i
	}
	return len(text)
}
