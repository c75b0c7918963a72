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
	following, headers := guessOrder(text), &nameWords.compact
	for i < len(b) && b[i] == '"' {
		member, next := scanName(b, i+1)
		if next < 0 {
			return 0, unclean
		}
		if i = scanColon(b, next); i >= len(b) {
			return 0, unclean
		}
		if b[i-1] == ' ' {
			headers = &nameWords.spaced
		}
		for guessed := true; guessed; {
			start, escaped := i, false
			switch c := b[i]; {
			case c == '"':
				if i = skipPlain(b, i+1); i < len(b) && b[i] == '"' {
					i++
				} else {
					i, escaped = scanString(b, i)
				}
			case c == '{' || c == '[':
				i = scanComposite(b, i, maxDepth-1)
			case c-'1' <= 8: // most numbers are whole: they are read without a call
				if i = scanDigits(b, i); i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
					i = scanFraction(b, i)
				}
			case c == '-' || c == '0':
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
			// If the next member is the one that the order promises, so is all that stands before its value.
			member = following[member]
			h := &headers[member]
			guessed = i+16 <= len(b) && h.begins(word(b, i), word(b, i+8)) && h.ends(b, i)
			if guessed {
				if i = scanSpaces(b, i+h.size); i >= len(b) {
					return 0, unclean
				}
			}
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
	first := s.end == 0
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
