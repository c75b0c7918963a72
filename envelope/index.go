package envelope

// An outcome is what reading one envelope came to.
type outcome uint8

const (
	whole     outcome = iota // indexed
	duplicate                // whole, but a member stands twice
	unclean                  // a careful look must decide: malformed, or to be rewritten
)

// index reads the one envelope that text begins with and notes in m where its members lie. It takes the members in any
// order, with or without spaces between tokens, and takes nothing that would have to be rewritten.
func (m *Message) index(text string) (end int, found outcome) {
	b := view(text)
	if len(b) == 0 || b[0] != '{' {
		return 0, unclean
	}
	i := scanSpaces(b, 1)
	if i < len(b) && b[i] == '}' {
		return i + 1, whole
	}
	following, guess := guessOrder(text)
	for i < len(b) && b[i] == '"' {
		member, next := scanName(b, i+1, guess)
		if next < 0 {
			return 0, unclean
		}
		guess = following[member]
		if i = scanColon(b, next); i >= len(b) {
			return 0, unclean
		}
		start, escaped := i, false
		switch c := b[i]; {
		case c == '"':
			i, escaped = scanString(b, i+1)
		case c == '{' || c == '[':
			i = scanComposite(b, i, maxDepth-1)
		case c == '-' || c-'0' <= 9:
			i = scanNumber(b, i)
		default:
			i = scanLiteral(b, i)
		}
		if i < 0 {
			return 0, unclean
		}
		if member < memberCount && !m.note(member, start, i, escaped) {
			found = duplicate
		}
		if i = scanSpaces(b, i); i >= len(b) {
			return 0, unclean
		}
		if b[i] == '}' {
			m.severity = severityOf(m.within(text, memberSeverity))
			return i + 1, found
		}
		if b[i] != ',' {
			return 0, unclean
		}
		i = scanSpaces(b, i+1)
	}
	return 0, unclean
}

// note keeps where a member lies. It reports false if the member was there before.
func (m *Message) note(member uint8, start, end int, escaped bool) bool {
	s := &m.members[member]
	first := *s == span{}
	*s = span{uint32(start), uint32(end)}
	if escaped {
		m.escaped |= 1 << member
	}
	return first
}

// within returns a member's JSON in the text that m indexes, "" if it is missing.
func (m *Message) within(text string, member int) string {
	s := m.members[member]
	return text[s.start:s.end]
}

// severityOf reads a severity's JSON: a number from 0 to 7, or text that is one. Anything else is Info.
func severityOf(raw string) Severity {
	if len(raw) == 1 {
		s, _ := SeverityOf(int(raw[0]) - '0')
		return s
	}
	if len(raw) > 0 && raw[0] == '"' {
		raw = Value{raw}.String()
	}
	code, ok := parseInt(raw)
	if !ok || code < 0 || code > 7 {
		return Info
	}
	s, _ := SeverityOf(int(code))
	return s
}
