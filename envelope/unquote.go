package envelope

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote returns the text of a string whose quotes have been taken off. text is valid.
func unquote(text string) string {
	at := strings.IndexByte(text, '\\')
	if at < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for at >= 0 {
		out = append(out, text[:at]...)
		r, n := unescape(text[at:])
		out = utf8.AppendRune(out, r)
		text = text[at+n:]
		at = strings.IndexByte(text, '\\')
	}
	return lend(append(out, text...))
}

// unescape decodes the escape that text, which is valid, begins with. Two escapes that are a surrogate pair are one; a
// surrogate without its other half is U+FFFD.
func unescape(text string) (r rune, n int) {
	switch c := text[1]; c {
	default:
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	}
	r = unhex(text[2:6])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if pair := utf16.DecodeRune(r, unhex(text[8:12])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func unhex(digits string) (r rune) {
	for i := range len(digits) {
		c := rune(digits[i])
		if c > '9' {
			c = c&7 + 9 // the letters' low bits are 1 to 6, upper and lower case alike
		}
		r = r<<4 | c&15
	}
	return r
}

// sameText reports whether raw, a string without its quotes, says name. It allocates nothing. No escape is shorter than
// what it stands for.
func sameText(raw, name string) bool {
	if len(raw) <= len(name) {
		return raw == name && strings.IndexByte(raw, '\\') < 0
	}
	for {
		at := strings.IndexByte(raw, '\\')
		if at < 0 {
			return raw == name
		}
		if len(name) <= at || raw[:at] != name[:at] {
			return false
		}
		r, n := unescape(raw[at:])
		var buf [utf8.UTFMax]byte
		size := utf8.EncodeRune(buf[:], r)
		if !strings.HasPrefix(name[at:], string(buf[:size])) {
			return false
		}
		raw, name = raw[at+n:], name[at+size:]
	}
}
