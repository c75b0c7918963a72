package jsonline

import "bytes"

// few is how many members are compared with each other.
const few = 128

// dropTwins takes out all members that a later one has the same name as. Names are compared as they are written.
func (l *Line) dropTwins() {
	if len(l.Members) > few {
		l.dropTwinsOfMany()
		return
	}
	var seen [4]uint64 // a bit for each name that came later, more or less
	for i := len(l.Members) - 1; i >= 0; i-- {
		m := &l.Members[i]
		if m.Out {
			continue
		}
		name := l.text[m.start:m.colon]
		h := uint8(len(name)*37 + int(name[1])*7 + int(name[len(name)/2])*11 + int(name[len(name)-2])*3)
		bit := uint64(1) << (h % 64)
		m.Out = seen[h/64]&bit != 0 && l.standsAgain(name, i+1)
		seen[h/64] |= bit
	}
}

func (l *Line) standsAgain(name []byte, i int) bool {
	for ; i < len(l.Members); i++ {
		m := &l.Members[i]
		if !m.Out && m.colon-m.start == len(name) && bytes.Equal(l.text[m.start:m.colon], name) {
			return true
		}
	}
	return false
}

func (l *Line) dropTwinsOfMany() {
	seen := make(map[string]struct{}, len(l.Members))
	for i := len(l.Members) - 1; i >= 0; i-- {
		m := &l.Members[i]
		if m.Out {
			continue
		}
		name := view(l.text[m.start:m.colon])
		if _, m.Out = seen[name]; !m.Out {
			seen[name] = struct{}{}
		}
	}
}
