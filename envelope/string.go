package envelope

import (
	"encoding/binary"
	"unicode/utf8"
)

// appendString appends s as a JSON string (RFC 8259 section 7) and reports whether it took a backslash, and whether s was
// not UTF-8. Only what must be escaped is; each byte that is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) (out []byte, escaped, invalid bool) {
	b = append(b, '"')
	n := plain(s)
	if n == len(s) {
		b = append(b, s...)
		return append(b, '"'), false, false
	}
	b, escaped, invalid = appendText(b, s, n)
	return append(b, '"'), escaped, invalid
}

// appendText appends s between quotes that others write. The first n bytes are known to be plain. It reports whether it
// wrote a backslash, and whether s was not UTF-8.
func appendText(b []byte, s string, n int) (out []byte, escaped, invalid bool) {
	done := 0 // of s
	for i := n; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[done:i]...)
				b = append(b, "\uFFFD"...)
				invalid = true
				done = i + 1
			}
			i += size
			continue
		}
		if isPlain(c) {
			i += plain(s[i:])
			continue
		}
		b = append(b, s[done:i]...)
		b = appendEscape(b, c)
		escaped = true
		i++
		done = i
	}
	return append(b, s[done:]...), escaped, invalid
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// isPlain reports whether c is ASCII that stands in a JSON string as it is.
func isPlain(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// plain returns how many bytes at the beginning of s are plain, looking at eight at a time. The last eight may overlap
// those before, and most names are shorter still: looking at single bytes would take longer than copying them.
func plain(s string) int {
	b := view(s)
	if len(b) < 8 {
		return plainShort(b)
	}
	last := len(b) - 8
	for i := 0; ; i = min(i+8, last) {
		if marks := special(word(b, i)); marks != 0 {
			return i + first(marks)
		}
		if i == last {
			return len(b)
		}
	}
}

// plainShort is plain for less than eight bytes.
func plainShort(b []byte) int {
	n := len(b)
	if n >= 4 {
		low, high := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[n-4:])
		if special(uint64(low)|uint64(high)<<32) == 0 {
			return n
		}
	}
	i := 0
	for i < n && isPlain(b[i]) {
		i++
	}
	return i
}
