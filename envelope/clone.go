package envelope

import (
	"slices"
	"strings"
)

// Clone returns m in memory of its own, exactly as large as its text, so that it no longer keeps the slab alive that it
// was cut from. Its Meta stays.
func (m *Message) Clone() Message {
	c := *m
	c.text = strings.Clone(m.text)
	c.slab = 0
	return c
}

// CloneAll appends clones of src to dst and returns it. Their texts lie in one new slab, which each of them keeps alive.
// At most two allocations: the slab, and dst when it has no room. dst may be src[:0].
func CloneAll(dst, src []Message) []Message {
	bytes := 0
	for i := range src {
		bytes += len(src[i].text)
	}
	var slab strings.Builder
	slab.Grow(bytes)
	for i := range src {
		slab.WriteString(src[i].text)
	}
	text := slab.String()
	dst = slices.Grow(dst, len(src))
	for i := range src {
		m := src[i]
		m.text, text = text[:len(m.text)], text[len(m.text):]
		m.slab = slabSize(bytes)
		dst = append(dst, m)
	}
	return dst
}
