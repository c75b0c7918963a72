package envelope

import "strings"

// memberNames are the envelope members' names on the wire, in the order of the constants.
var memberNames = [memberCount]string{
	"type", "timestamp", "logger", "severity", "payload", "fields", "env_version", "metlog_pid", "metlog_hostname",
}

// What heka's first clients called the process and the host.
const (
	aliasPID      = "heka_pid"
	aliasHostname = "heka_hostname"
)

// memberOf returns the member with a name or an alias, memberCount if there is none.
func memberOf(name string) uint8 {
	switch name {
	case aliasPID:
		return memberPID
	case aliasHostname:
		return memberHostname
	}
	for i, n := range memberNames {
		if n == name {
			return uint8(i)
		}
	}
	return memberCount
}

// memberSpelled is memberOf for a name as a text spells it, with escapes.
func memberSpelled(raw string) uint8 {
	switch {
	case sameText(raw, aliasPID):
		return memberPID
	case sameText(raw, aliasHostname):
		return memberHostname
	}
	for i, n := range memberNames {
		if sameText(raw, n) {
			return uint8(i)
		}
	}
	return memberCount
}

// guessOrder returns the order that the envelope's first name promises.
func guessOrder(text string) *order {
	if strings.HasPrefix(text, `{"s`) {
		return &nameWords.python
	}
	return &nameWords.node
}

// scanName reads a member's name whose opening quote stands before i: which member it is, memberCount for one that is
// unknown, and where it ends.
func scanName(b []byte, i int) (member uint8, end int) {
	if i+16 <= len(b) {
		low, high := word(b, i), word(b, i+8)
		for n := &nameWords.byPlace[namePlace(low)]; n != nil; n = n.twin {
			if n.is(low, high) {
				return n.member, i + n.size
			}
		}
	}
	end, escaped := scanString(b, i)
	if end < 0 {
		return memberCount, end
	}
	name := lend(b[i : end-1])
	if escaped {
		return memberSpelled(name), end
	}
	return memberOf(name), end
}
