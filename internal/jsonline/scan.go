package jsonline

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// PastBlanks returns where the first byte at or after i stands that is no blank, or the end.
func PastBlanks(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// pastString returns where the string that begins at i ends, -1 if it does not, and whether there is a backslash in it.
func pastString(p []byte, i int) (end int, escaped bool) {
	for i++; i < len(p); {
		if i+8 <= len(p) {
			w := binary.LittleEndian.Uint64(p[i:])
			quote, backslash := w^'"'*ones, w^'\\'*ones
			marks := ((quote-ones)&^quote | (backslash-ones)&^backslash) & highs
			if marks == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(marks) / 8
		}
		switch p[i] {
		case '"':
			return i + 1, escaped
		case '\\':
			escaped = true
			i += 2
		default:
			i++
		}
	}
	return -1, escaped
}

// PastValue returns where the value that begins at i ends, at most i if there is none.
func PastValue(p []byte, i int) int {
	if i >= len(p) {
		return -1
	}
	switch p[i] {
	case '"':
		end, _ := pastString(p, i)
		return end
	case '{', '[':
		return pastComposite(p, i)
	}
	for ; i < len(p); i++ {
		switch p[i] {
		case ' ', '\n', '\r', '\t', ',', '}', ']':
			return i
		}
	}
	return i
}

func pastComposite(p []byte, i int) int {
	for depth := 0; i < len(p); {
		switch p[i] {
		case '"':
			if i, _ = pastString(p, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}

// appendUnescaped appends the text between a JSON string's quotes. What is no escape stays as it is.
func appendUnescaped(b, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' || i+1 == len(raw) {
			b = append(b, raw[i])
			i++
			continue
		}
		c := raw[i+1]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case '"', '\\', '/':
		case 'u':
			r, n := unicodeEscape(raw[i:])
			if n > 0 {
				b = utf8.AppendRune(b, r)
				i += n
				continue
			}
			b = append(b, '\\')
		default:
			b = append(b, '\\')
		}
		b = append(b, c)
		i += 2
	}
	return b
}

// unicodeEscape reads an escape such as \u00e9, or two that are one character, and returns its length, 0 when it is none.
func unicodeEscape(p []byte) (r rune, n int) {
	r, ok := hex(p)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex(p[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func hex(p []byte) (r rune, ok bool) {
	if len(p) < 6 || p[0] != '\\' || p[1] != 'u' {
		return 0, false
	}
	for _, c := range p[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
