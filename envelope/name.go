package envelope

import (
	"encoding/binary"
	"strings"
)

// memberNames are the envelope members' names on the wire, in the order of the constants.
var memberNames = [memberCount]string{
	"type", "timestamp", "logger", "severity", "payload", "fields", "env_version", "metlog_pid", "metlog_hostname",
}

// memberOf returns the member with a name on the wire, memberCount if there is none. What heka's first clients called
// heka_pid and heka_hostname are the same members.
func memberOf(name string) int {
	switch name {
	case "heka_pid":
		return memberPID
	case "heka_hostname":
		return memberHostname
	}
	for i, n := range memberNames {
		if n == name {
			return i
		}
	}
	return memberCount
}

// A nameWord is a member's name with its closing quote as two machine words, so that comparing it is two comparisons.
// Names are found by place; of two in one place, the second is the twin of the first.
type nameWord struct {
	low, lowMask   uint64
	high, highMask uint64
	size           int // of name and quote
	member         int
	twin           *nameWord
}

// namePlace tells the names' beginnings apart. Three bytes are always there: no name is shorter.
func namePlace(b []byte, i int) int { return int(b[i]+2*b[i+2]) & 31 }

var nameWords = func() (places [32]nameWord) {
	for i := range places {
		places[i].low = 1 // which nothing masked with 0 is
	}
	for _, name := range append(memberNames[:], "heka_pid", "heka_hostname") {
		var text, mask [16]byte
		size := copy(text[:], name+`"`)
		for i := range size {
			mask[i] = 0xff
		}
		place := &places[namePlace(text[:], 0)]
		if place.size > 0 {
			place.twin = new(nameWord)
			place = place.twin
		}
		*place = nameWord{
			low: binary.LittleEndian.Uint64(text[:8]), lowMask: binary.LittleEndian.Uint64(mask[:8]),
			high: binary.LittleEndian.Uint64(text[8:]), highMask: binary.LittleEndian.Uint64(mask[8:]),
			size: size, member: memberOf(name),
		}
	}
	return places
}()

// guessed are the same words by member; the last one matches nothing.
var guessed = func() (words [memberCount + 1]nameWord) {
	words[memberCount].low = 1
	for i, name := range memberNames {
		for n := &nameWords[namePlace(view(name), 0)]; n != nil; n = n.twin {
			if n.member == i && n.size == len(name)+1 {
				words[i] = *n
			}
		}
	}
	return words
}()

// An order says which member is likely to follow which: memberCount for none.
type order [memberCount + 1]uint8

// The orders that are sent: ours, which is Node's, and that of Python 2's hashing.
var (
	nodeOrder = order{
		memberType: memberTimestamp, memberTimestamp: memberLogger, memberLogger: memberSeverity,
		memberSeverity: memberPayload, memberPayload: memberFields, memberFields: memberEnvVersion,
		memberEnvVersion: memberPID, memberPID: memberHostname, memberHostname: memberCount, memberCount: memberCount,
	}
	pythonOrder = order{
		memberSeverity: memberTimestamp, memberTimestamp: memberHostname, memberHostname: memberFields,
		memberFields: memberPID, memberPID: memberLogger, memberLogger: memberType, memberType: memberPayload,
		memberPayload: memberEnvVersion, memberEnvVersion: memberCount, memberCount: memberCount,
	}
)

// guessOrder returns the order that the envelope's first name promises, and its member.
func guessOrder(text string) (*order, uint8) {
	if strings.HasPrefix(text, `{"s`) {
		return &pythonOrder, memberSeverity
	}
	return &nodeOrder, memberType
}

// scanName reads a member's name whose opening quote stands before i: which member it is, memberCount for one that is
// unknown, and where it ends. A right guess saves waiting for the text to say which name to compare it with.
func scanName(b []byte, i int, guess uint8) (member uint8, end int) {
	if i+16 <= len(b) {
		low, high := word(b, i), word(b, i+8)
		if n := &guessed[guess]; low&n.lowMask == n.low && high&n.highMask == n.high {
			return guess, i + n.size
		}
		for n := &nameWords[namePlace(b, i)]; n != nil; n = n.twin {
			if low&n.lowMask == n.low && high&n.highMask == n.high {
				return uint8(n.member), i + n.size
			}
		}
	}
	end, escaped := scanString(b, i)
	if end < 0 {
		return memberCount, end
	}
	name := b[i : end-1]
	if escaped {
		return uint8(memberOf(unquote(string(name)))), end
	}
	return uint8(memberOf(string(name))), end
}
