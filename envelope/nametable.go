package envelope

import "encoding/binary"

// A nameTable finds the members' names by comparing machine words.
type nameTable struct {
	byPlace [32]nameWord // aliases included
	node    order
	python  order
	compact [memberCount + 1]header // with no spaces between tokens, as Node and we write
	spaced  [memberCount + 1]header // with one after each comma and colon, as Python does
}

var nameWords = newNameTable()

func newNameTable() (t nameTable) {
	for i := range t.byPlace {
		t.byPlace[i] = noName()
	}
	t.compact[memberCount], t.spaced[memberCount] = noHeader(), noHeader()
	for i, name := range memberNames {
		t.add(newNameWord(name))
		t.compact[i] = newHeader(`,"` + name + `":`)
		t.spaced[i] = newHeader(`, "` + name + `": `)
	}
	t.add(newNameWord(aliasPID))
	t.add(newNameWord(aliasHostname))
	t.node = newOrder(memberType, memberTimestamp, memberLogger, memberSeverity, memberPayload, memberFields,
		memberEnvVersion, memberPID, memberHostname) // ours too
	t.python = newOrder(memberSeverity, memberTimestamp, memberHostname, memberFields, memberPID, memberLogger,
		memberType, memberPayload, memberEnvVersion) // of Python 2's hashes
	return t
}

func (t *nameTable) add(n nameWord) {
	place := &t.byPlace[namePlace(n.low)]
	if place.member < memberCount {
		place.twin = &n
		return
	}
	*place = n
}

// namePlace tells the names' beginnings apart, but for two pairs of twins.
func namePlace(low uint64) int { return int(low+2*(low>>16)) & 31 }

// A nameWord is a member's name with its closing quote as two machine words, so that comparing it is two comparisons.
type nameWord struct {
	low, lowMask   uint64
	high, highMask uint64
	size           int // of name and quote
	member         uint8
	twin           *nameWord // in the same place
}

func newNameWord(name string) nameWord {
	var text, mask [16]byte
	size := copy(text[:], name+`"`)
	for i := range size {
		mask[i] = 0xff
	}
	return nameWord{
		low: binary.LittleEndian.Uint64(text[:8]), lowMask: binary.LittleEndian.Uint64(mask[:8]),
		high: binary.LittleEndian.Uint64(text[8:]), highMask: binary.LittleEndian.Uint64(mask[8:]),
		size: size, member: memberOf(name),
	}
}

// noName is the word of no name: nothing masked with 0 is 1.
func noName() nameWord { return nameWord{low: 1, member: memberCount} }

func (n *nameWord) is(low, high uint64) bool {
	return low&n.lowMask == n.low && high&n.highMask == n.high
}

// An order says which member is likely to follow which, memberCount for none.
type order [memberCount + 1]uint8

func newOrder(members ...uint8) (o order) {
	for i := range o {
		o[i] = memberCount
	}
	for i := range len(members) - 1 {
		o[members[i]] = members[i+1]
	}
	return o
}

// A header is all that stands between two members' values, as machine words: where the next member is guessed right, three
// comparisons do what takes a loop for each token.
type header struct {
	low            uint64
	high, highMask uint64
	last           uint64 // the last eight bytes, if there are more than 16
	size           int
}

func newHeader(text string) header {
	var word, mask [16]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xff
	}
	return header{
		low:  binary.LittleEndian.Uint64(word[:8]),
		high: binary.LittleEndian.Uint64(word[8:]), highMask: binary.LittleEndian.Uint64(mask[8:]),
		last: binary.LittleEndian.Uint64([]byte(text[len(text)-8:])), size: len(text),
	}
}

// noHeader is what nothing begins with: nothing masked with 0 is 1.
func noHeader() header { return header{high: 1} }

// begins reports whether these are the header's first 16 bytes.
func (h *header) begins(low, high uint64) bool { return low == h.low && high&h.highMask == h.high }

// ends reports whether the rest of the header stands in b too, where it begins at i.
func (h *header) ends(b []byte, i int) bool {
	return h.size <= 16 || i+h.size <= len(b) && word(b, i+h.size-8) == h.last
}
