package envelope

import (
	"slices"
	"strings"
)

// strict says what in an envelope the specification does not say, "" if nothing.
func (m *Message) strict() Reason {
	for member := range m.members {
		raw := m.raw(member)
		if raw == "" {
			return ReasonMissing
		}
		if !normal(member, raw) {
			return ReasonType
		}
	}
	switch {
	case hasUnknown(m.text):
		return ReasonUnknown
	case len(m.raw(memberSeverity)) != 1 || m.raw(memberSeverity) > "7":
		return ReasonSeverity
	case !zoned(m.value(memberTimestamp)):
		return ReasonTimestamp
	case m.value(memberEnvVersion) != "0.8":
		return ReasonVersion
	case repeats(m.raw(memberFields)):
		return ReasonDuplicateField
	}
	return ""
}

// normal reports whether a member's JSON is of the type that the specification gives it.
func normal(member int, raw string) bool {
	switch member {
	case memberFields:
		return raw[0] == '{'
	case memberSeverity:
		return scanDigits(view(strings.TrimPrefix(raw, "-")), 0) == len(strings.TrimPrefix(raw, "-"))
	case memberPID:
		return scanDigits(view(raw), 0) == len(raw)
	}
	return raw[0] == '"'
}

// zoned reports whether s is a time in RFC 3339's sense, which has a zone.
func zoned(s string) bool {
	_, ok := parseTimestamp(s)
	return ok && strings.ContainsAny(s[len("2006-01-02T15:04:05"):], "Zz+-")
}

// hasUnknown reports whether an envelope has members besides the nine, or one of them under an alias.
func hasUnknown(envelope string) bool {
	for e := range entries(envelope, 0) {
		if !slices.Contains(memberNames[:], unquote(envelope[e.nameStart+1:e.nameEnd-1])) {
			return true
		}
	}
	return false
}

// repeats reports whether a name stands twice in one of the objects that JSON, which is valid, holds.
func repeats(text string) bool {
	type place struct {
		object int
		name   string
	}
	var (
		seen  = map[place]bool{}
		open  [maxDepth]int // the composites that are open, by number
		depth int
		count int
	)
	for i := 0; i < len(text); {
		switch text[i] {
		case '{', '[':
			count++
			open[depth] = count
			depth++
		case '}', ']':
			depth--
		case '"':
			end := pastString(text, i)
			if next := pastSpaces(text, end); text[next] == ':' {
				at := place{open[depth-1], unquote(text[i+1 : end-1])}
				if seen[at] {
					return true
				}
				seen[at] = true
			}
			i = end
			continue
		}
		i++
	}
	return false
}
