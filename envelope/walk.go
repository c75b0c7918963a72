package envelope

import (
	"iter"
	"strings"
)

// An entry is one member of an object or one element of an array: where its name, quotes included, and its value lie. An
// element has no name.
type entry struct{ nameStart, nameEnd, start, end int }

// first returns where the entry begins.
func (e entry) first() int {
	if e.nameEnd > 0 {
		return e.nameStart
	}
	return e.start
}

// entries walks the object or array that begins at text[at]; any other value has no entries. The text is valid JSON.
func entries(text string, at int) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		object := text[at] == '{'
		if !object && text[at] != '[' {
			return
		}
		for i := skipBlank(text, at+1); text[i] != '}' && text[i] != ']'; {
			var e entry
			if object {
				e.nameStart, e.nameEnd = i, skipString(text, i)
				i = skipBlank(text, e.nameEnd)
				i = skipBlank(text, i+len(":"))
			}
			e.start, e.end = i, skipValue(text, i)
			if !yield(e) {
				return
			}
			if i = skipBlank(text, e.end); text[i] == ',' {
				i = skipBlank(text, i+1)
			}
		}
	}
}

func skipBlank(text string, i int) int {
	for text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r' {
		i++
	}
	return i
}

// skipString returns where the string that begins at text[i] ends.
func skipString(text string, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns where the value that begins at text[i] ends.
func skipValue(text string, i int) int {
	depth := 0
	for i < len(text) {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		default:
			i = skipScalar(text, i)
		}
		if depth == 0 {
			return i
		}
		for i < len(text) && strings.IndexByte(",: \n\t\r", text[i]) >= 0 {
			i++
		}
	}
	return i
}

// skipScalar returns where the number or the literal that begins at text[i] ends.
func skipScalar(text string, i int) int {
	for i < len(text) && strings.IndexByte(",:]} \n\t\r", text[i]) < 0 {
		i++
	}
	return i
}

// sameName compares two member names as they stand in their texts, escapes decoded.
func sameName(a, b string) bool {
	if a == b {
		return true
	}
	if strings.IndexByte(a, '\\') < 0 && strings.IndexByte(b, '\\') < 0 {
		return false
	}
	return Value{a}.String() == Value{b}.String()
}

// dropTwins keeps the last of each name in the object that b ends with, which begins at start and which this package wrote:
// one name has one form there.
func dropTwins(b []byte, start int) []byte {
	text := string(b[start:])
	last := make(map[string]entry)
	n := 0
	for e := range entries(text, 0) {
		last[text[e.nameStart:e.nameEnd]] = e
		n++
	}
	if len(last) == n {
		return b
	}
	b = b[:start+1]
	for e := range entries(text, 0) {
		if last[text[e.nameStart:e.nameEnd]] != e {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, text[e.nameStart:e.end]...)
	}
	return append(b, '}')
}
