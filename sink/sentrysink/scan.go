package sentrysink

import (
	"encoding/json"
	"iter"
	"strings"
)

// The functions of this file read JSON that envelope has found valid: nested 64 deep at most, nothing but spaces between
// tokens. They are no use for any other.

// members yields the names, as they stand with their quotes, and values of an object; nothing for any other value.
func members(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if !is(text, '{') {
			return
		}
		for i := past(text, 1); text[i] != '}'; {
			end := stringEnd(text, i)
			name := text[i:end]
			start := past(text, past(text, end)+1)
			end = valueEnd(text, start)
			if !yield(name, text[start:end]) {
				return
			}
			if i = past(text, end); text[i] == ',' {
				i = past(text, i+1)
			}
		}
	}
}

// elements yields the elements of an array; nothing for any other value.
func elements(text string) iter.Seq[string] {
	return func(yield func(value string) bool) {
		if !is(text, '[') {
			return
		}
		for i := past(text, 1); text[i] != ']'; {
			end := valueEnd(text, i)
			if !yield(text[i:end]) {
				return
			}
			if i = past(text, end); text[i] == ',' {
				i = past(text, i+1)
			}
		}
	}
}

// member returns the value of an object's member, the last if it stands there more than once, "" if it is not there.
func member(text, name string) (found string) {
	for quoted, value := range members(text) {
		if unquote(quoted) == name {
			found = value
		}
	}
	return found
}

// is reports whether the value begins with c, which tells its kind.
func is(text string, c byte) bool { return len(text) > 0 && text[0] == c }

// isEmpty reports whether the value is an object or array of nothing.
func isEmpty(text string) bool {
	return (is(text, '{') || is(text, '[')) && past(text, 1) == len(text)-1
}

// unquote returns the text of a JSON string, with U+FFFD for halves of surrogate pairs.
func unquote(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(text), &s) // it is a JSON string
	return s
}

// textOf returns what a value says as text: a string's own, "" for null and for what is empty, else its JSON.
func textOf(value string) string {
	switch {
	case is(value, '"'):
		return unquote(value)
	case value == "null", isEmpty(value):
		return ""
	}
	return value
}

// past returns where the first byte at or after i stands that is no space.
func past(text string, i int) int {
	for i < len(text) && text[i] == ' ' {
		i++
	}
	return i
}

// stringEnd returns the index after the string that begins at i.
func stringEnd(text string, i int) int {
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

// valueEnd returns the index after the value that begins at i.
func valueEnd(text string, i int) int {
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			if i = stringEnd(text, i); depth == 0 {
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
