package envelope

import (
	"log/slog"
	"strings"
)

// With returns a copy of m with these fields, in memory of its own. They are encoded as [Draft] says. A name that the
// fields have already is given the new value where it first stands, and stands there only; new names come last. Every
// other byte of the text stays, and so does the Meta. Names are compared as they read, escapes decoded; only the first
// level is looked at, so a group replaces what had its name.
//
// Fields that are missing or null become an object. Fields of any other type have no room for names: that, and a zero
// Message, are a *[SyntaxError].
func (m *Message) With(fields ...slog.Attr) (Message, error) {
	if m.text == "" {
		return Message{}, &SyntaxError{Reason: ReasonNoMember}
	}
	object, _ := appendObject(nil, fields, fieldsDepth)
	added := string(object)
	if added == "{}" {
		return m.Clone(), nil
	}
	at := m.members[memberFields]
	if at == (span{}) {
		return m.addFields(added)
	}
	switch old := m.text[at.start:at.end]; {
	case old == "null":
		return m.replaceFields(added)
	case old[0] == '{':
		return m.replaceFields(merge(old, added))
	}
	return Message{}, &SyntaxError{Offset: int(at.start), Reason: ReasonNotObject}
}

// addFields returns m, which has none, with fields.
func (m *Message) addFields(fields string) (Message, error) {
	end := len(m.text) - len("}")
	c := *m
	c.text = m.text[:end] + fieldsKey + m.text[end:]
	end += len(fieldsKey)
	c.members[memberFields] = spanOf(end, end)
	return c.replaceFields(fields)
}

// replaceFields returns m with another text in the place of its fields.
func (m *Message) replaceFields(fields string) (Message, error) {
	at := m.members[memberFields]
	by := len(fields) - int(at.end-at.start)
	if len(m.text)+by > limitMaxBytes {
		return Message{}, &SyntaxError{Offset: limitMaxBytes, Reason: ReasonTooLarge}
	}
	c := *m
	c.text = m.text[:at.start] + fields + m.text[at.end:]
	c.slab = 0
	for i, s := range c.members {
		if s.start >= at.end {
			c.members[i] = s.shift(by)
		}
	}
	c.members[memberFields] = spanOf(int(at.start), int(at.start)+len(fields))
	return c, nil
}

// An addition is one member that With adds or whose value it puts in place.
type addition struct {
	text  string // as it is added, name and value
	value string
	found bool
}

// merge returns the object old with the members of the object added.
func merge(old, added string) string {
	var list []addition
	places := make(map[string]int) // in list, by name
	for e := range entries(added, 0) {
		places[unquote(added[e.nameStart+1:e.nameEnd-1])] = len(list)
		list = append(list, addition{text: added[e.nameStart:e.end], value: added[e.start:e.end]})
	}
	var b strings.Builder
	b.Grow(len(old) + len(added))
	done := len("{")
	comma := ""
	b.WriteByte('{')
	for e := range entries(old, 0) {
		comma = ","
		switch i, ok := places[unquote(old[e.nameStart+1:e.nameEnd-1])]; {
		case !ok:
			b.WriteString(old[done:e.end])
		case !list[i].found:
			list[i].found = true
			b.WriteString(old[done:e.start])
			b.WriteString(list[i].value)
		}
		done = e.end // past a name that stands again, and the comma before it
	}
	for i := range list {
		if !list[i].found {
			b.WriteString(comma)
			b.WriteString(list[i].text)
			comma = ","
		}
	}
	b.WriteString(old[done:])
	return b.String()
}

// Without returns a copy of m that lacks the field at path, in memory of its own: what [Message.Field] would return for
// it, and every other value at that path when names stand twice. A step into an array is an index, and removing an element
// moves those behind it. Every other byte of the text stays, and so does the Meta.
//
// No path, and one at which nothing is, remove nothing. The error is always nil, so that a function which changes messages
// can return what Without returns.
func (m *Message) Without(path ...string) (Message, error) {
	at := m.members[memberFields]
	if len(path) == 0 || at == (span{}) {
		return m.Clone(), nil
	}
	fields := m.text[at.start:at.end]
	cuts := appendCuts(nil, fields, 0, path)
	if len(cuts) == 0 {
		return m.Clone(), nil
	}
	var b strings.Builder
	b.Grow(len(fields))
	done := 0
	for _, c := range cuts {
		b.WriteString(fields[done:c.start])
		done = int(c.end)
	}
	b.WriteString(fields[done:])
	return m.replaceFields(b.String())
}

// appendCuts appends what must go so that the value at text[at] has nothing at path, commas included, in ascending order.
func appendCuts(cuts []span, text string, at int, path []string) []span {
	index, ok := parseIndex(path[0])
	if !ok {
		index = -1
	}
	head := -1 // where a run of entries to remove begins that nothing stays before
	kept, end, n := false, at, 0
	for e := range entries(text, at) {
		hit := n == index
		if text[at] == '{' {
			hit = sameText(text[e.nameStart+1:e.nameEnd-1], path[0])
		}
		n++
		switch {
		case hit && len(path) == 1 && kept:
			cuts = append(cuts, spanOf(end, e.end))
		case hit && len(path) == 1:
			if head < 0 {
				head = e.first()
			}
		default:
			if head >= 0 {
				cuts = append(cuts, spanOf(head, e.first()))
				head = -1
			}
			kept = true
			if hit {
				cuts = appendCuts(cuts, text, e.start, path[1:])
			}
		}
		end = e.end
	}
	if head >= 0 {
		cuts = append(cuts, spanOf(head, end))
	}
	return cuts
}
