package envelope

import "unicode/utf8"

// The functions of this file read JSON that needs no change: each returns where what it read ends, or -1 when it met
// something that a careful look must decide about. They hold no state and never look past the text they were given.

// maxDepth is how deep objects and arrays may nest, the envelope included: the stack is one machine word.
const maxDepth = 64

// scanString reads a string whose opening quote stands before i.
func scanString(b []byte, i int) (end int, escaped bool) {
	for i = max(i, 0); i <= len(b)-8; i += 8 { // max shows the compiler that no place needs a check
		if marks := special(word(b, i)); marks != 0 {
			if i += first(marks); b[i] == '"' {
				return i + 1, false
			}
			return scanOddString(b, i)
		}
	}
	if i = scanTail(b, i); i < len(b) && b[i] == '"' {
		return i + 1, false
	}
	return scanOddString(b, i)
}

// skipPlain passes up to eight bytes that need no look. It is small enough to be inlined: most names and many values are
// so short that their closing quote comes next, and scanString is not called.
func skipPlain(b []byte, i int) int {
	if i+8 > len(b) {
		return i
	}
	if marks := special(word(b, i)); marks != 0 {
		return i + first(marks)
	}
	return i + 8
}

// scanOddString reads on in a string, from an escape or a byte that is not plain ASCII at i.
func scanOddString(b []byte, i int) (end int, escaped bool) {
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			escaped = true
			n := escapeLen(b, i)
			if n == 0 {
				return -1, escaped
			}
			i += n
		case c < ' ':
			return -1, escaped
		case c < utf8.RuneSelf:
			i = skipPlain(b, i+1)
		default:
			for i < len(b) && b[i] >= utf8.RuneSelf {
				r, n := utf8.DecodeRune(b[i:])
				if r == utf8.RuneError && n == 1 {
					return -1, escaped
				}
				i += n
			}
			i = skipPlain(b, i)
		}
	}
	return -1, escaped
}

// scanTail returns where the first special byte stands among the last seven, len(b) if there is none.
func scanTail(b []byte, i int) int {
	if len(b) < 8 {
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' && b[i] < utf8.RuneSelf {
			i++
		}
		return i
	}
	if i >= len(b) {
		return len(b)
	}
	// The shift moves in zeros. They look like control characters, so the end of the text is found as one.
	w := word(b, len(b)-8) >> (8 * (i - (len(b) - 8)))
	return i + first(special(w))
}

// escapeLen returns the length of the escape at b[i], which is a backslash, or 0 when it is none.
func escapeLen(b []byte, i int) int {
	if i+1 >= len(b) {
		return 0
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if i+6 <= len(b) && isHex(b[i+2]) && isHex(b[i+3]) && isHex(b[i+4]) && isHex(b[i+5]) {
			return 6
		}
	}
	return 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// scanNumber reads a number that begins at i with a digit or a minus.
func scanNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return -1
	case b[i] == '0':
		i++
	case '1' <= b[i] && b[i] <= '9':
		i = scanDigits(b, i)
	default:
		return -1
	}
	return scanFraction(b, i)
}

// scanFraction reads what follows a number's whole part, which may be nothing.
func scanFraction(b []byte, i int) int {
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = scanDigits(b, start); i == start {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = scanDigits(b, start); i == start {
			return -1
		}
	}
	return i
}

func scanDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// scanLiteral reads true, false or null.
func scanLiteral(b []byte, i int) int {
	switch rest := b[i:]; { // four bytes each, which the compiler compares at once
	case len(rest) >= 5 && string(rest[:4]) == "fals" && rest[4] == 'e':
		return i + 5
	case len(rest) >= 4 && (string(rest[:4]) == "true" || string(rest[:4]) == "null"):
		return i + 4
	}
	return -1
}

func scanSpaces(b []byte, i int) int {
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return i
}

// scanColon reads the colon after a name and the spaces around it. It returns where the value begins, or the text's end.
func scanColon(b []byte, i int) int {
	if i = scanSpaces(b, i); i >= len(b) || b[i] != ':' {
		return len(b)
	}
	return scanSpaces(b, i+1)
}

// scanComposite reads an object or array that begins at i, in which others may nest room-1 deep.
func scanComposite(b []byte, i, room int) int {
	var objects uint64 // a bit per open composite, the innermost lowest: 1 an object, 0 an array
	depth := 0
open:
	if depth++; depth > room {
		return -1
	}
	objects <<= 1
	if b[i] == '{' {
		objects |= 1
	}
	if i = scanSpaces(b, i+1); i >= len(b) {
		return -1
	}
	if b[i] == '}' || b[i] == ']' {
		goto closing
	}
element:
	if objects&1 == 1 {
		if b[i] != '"' {
			return -1
		}
		if i = skipPlain(b, i+1); i < len(b) && b[i] == '"' {
			i++
		} else if i, _ = scanString(b, i); i < 0 {
			return -1
		}
		if i = scanColon(b, i); i >= len(b) {
			return -1
		}
	}
	switch c := b[i]; {
	case c == '"':
		if i = skipPlain(b, i+1); i < len(b) && b[i] == '"' {
			i++
		} else {
			i, _ = scanString(b, i)
		}
	case c == '{' || c == '[':
		goto open
	case c-'1' <= 8:
		if i = scanDigits(b, i); i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
			i = scanFraction(b, i)
		}
	case c == '-' || c == '0':
		i = scanNumber(b, i)
	default:
		i = scanLiteral(b, i)
	}
	if i < 0 {
		return -1
	}
after:
	if i = scanSpaces(b, i); i >= len(b) {
		return -1
	}
	if b[i] == ',' {
		if i = scanSpaces(b, i+1); i >= len(b) {
			return -1
		}
		goto element
	}
closing:
	if objects&1 == 1 && b[i] != '}' || objects&1 == 0 && b[i] != ']' {
		return -1
	}
	objects >>= 1
	i++
	if depth--; depth > 0 {
		goto after
	}
	return i
}
