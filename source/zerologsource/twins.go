package zerologsource

import "bytes"

// few is how many members are compared with each other.
const few = 128

// dropTwins takes out all members that a later one has the same name as. Names are compared as they are written: zerolog
// has one way to write each.
func (l *line) dropTwins() {
	if len(l.members) > few {
		l.dropTwinsOfMany()
		return
	}
	var seen [4]uint64 // a bit for each name that came later, more or less
	for i := len(l.members) - 1; i >= 0; i-- {
		m := &l.members[i]
		if m.out {
			continue
		}
		name := l.text[m.start:m.colon]
		h := uint8(len(name)*37 + int(name[1])*7 + int(name[len(name)/2])*11 + int(name[len(name)-2])*3)
		bit := uint64(1) << (h % 64)
		m.out = seen[h/64]&bit != 0 && l.standsAgain(name, i+1)
		seen[h/64] |= bit
	}
}

func (l *line) standsAgain(name []byte, i int) bool {
	for ; i < len(l.members); i++ {
		m := &l.members[i]
		if !m.out && m.colon-m.start == len(name) && bytes.Equal(l.text[m.start:m.colon], name) {
			return true
		}
	}
	return false
}

func (l *line) dropTwinsOfMany() {
	seen := make(map[string]struct{}, len(l.members))
	for i := len(l.members) - 1; i >= 0; i-- {
		m := &l.members[i]
		if m.out {
			continue
		}
		name := view(l.text[m.start:m.colon])
		if _, m.out = seen[name]; !m.out {
			seen[name] = struct{}{}
		}
	}
}
