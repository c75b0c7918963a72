package envelope

import "iter"

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

// entries walks the object or array that begins at text[at]; any other value has no entries. The text is as in field.go.
func entries(text string, at int) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		object := text[at] == '{'
		if !object && text[at] != '[' {
			return
		}
		for i := pastSpaces(text, at+1); text[i] != '}' && text[i] != ']'; {
			var e entry
			if object {
				e.nameStart, e.nameEnd = i, pastString(text, i)
				i = pastSpaces(text, e.nameEnd)
				i = pastSpaces(text, i+len(":"))
			}
			e.start, e.end = i, pastValue(text, i)
			if !yield(e) {
				return
			}
			if i = pastSpaces(text, e.end); text[i] == ',' {
				i = pastSpaces(text, i+1)
			}
		}
	}
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
