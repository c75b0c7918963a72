// Package jsontext reads JSON that envelope has found valid, as it stands there: nested 64 deep at most, nothing but spaces
// between tokens. It decodes nothing but single strings, and is no use for any other text.
package jsontext

import (
	"encoding/json"
	"iter"
	"strings"
)

// Members yields the names, as they stand with their quotes, and values of an object; nothing for any other value.
func Members(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if !Is(text, '{') {
			return
		}
		for i := Past(text, 1); text[i] != '}'; {
			end := StringEnd(text, i)
			name := text[i:end]
			start := Past(text, Past(text, end)+1)
			end = ValueEnd(text, start)
			if !yield(name, text[start:end]) {
				return
			}
			if i = Past(text, end); text[i] == ',' {
				i = Past(text, i+1)
			}
		}
	}
}

// Elements yields the elements of an array; nothing for any other value.
func Elements(text string) iter.Seq[string] {
	return func(yield func(value string) bool) {
		if !Is(text, '[') {
			return
		}
		for i := Past(text, 1); text[i] != ']'; {
			end := ValueEnd(text, i)
			if !yield(text[i:end]) {
				return
			}
			if i = Past(text, end); text[i] == ',' {
				i = Past(text, i+1)
			}
		}
	}
}

// Member returns the value of an object's member, the last if it stands there more than once, "" if it is not there.
func Member(text, name string) (found string) {
	for quoted, value := range Members(text) {
		if Unquote(quoted) == name {
			found = value
		}
	}
	return found
}

// Is reports whether the value begins with c, which tells its kind.
func Is(text string, c byte) bool { return len(text) > 0 && text[0] == c }

// IsEmpty reports whether the value is an object or array of nothing.
func IsEmpty(text string) bool {
	return (Is(text, '{') || Is(text, '[')) && Past(text, 1) == len(text)-1
}

// Unquote returns the text of a JSON string, with U+FFFD for halves of surrogate pairs.
func Unquote(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(text), &s) // it is a JSON string
	return s
}

// Past returns where the first byte at or after i stands that is no space.
func Past(text string, i int) int {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	return i
}

// StringEnd returns the index after the string that begins at i.
func StringEnd(text string, i int) int {
	for {
		i += 1 + strings.IndexByte(text[i+1:], '"')
		before := i // a quote behind an odd number of backslashes is no end
		for text[before-1] == '\\' {
			before--
		}
		if (i-before)%2 == 0 {
			return i + 1
		}
	}
}

// ValueEnd returns the index after the value that begins at i.
func ValueEnd(text string, i int) int {
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			if i = StringEnd(text, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}
