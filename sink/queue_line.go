package sink

import (
	"cmp"
	"slices"
	"time"
	"unsafe"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A note is what the queue knows about a message it holds. Times are since the queue's epoch.
type note struct {
	accepted time.Duration
	first    time.Duration // the first attempt
	attempts int
}

const perMessage = int(unsafe.Sizeof(envelope.Message{}) + unsafe.Sizeof(note{}))

// charge is what holding m costs in bytes: its text, its index and its note.
func charge(m *envelope.Message) int { return len(m.JSON()) + perMessage }

// A line is messages in their order. What has left at its head is zeroed, or it would keep its slab alive.
type line struct {
	messages []envelope.Message
	notes    []note
	head     int
	bytes    int
}

func (l *line) len() int { return len(l.messages) - l.head }

func (l *line) push(batch []envelope.Message, bytes int, n note) {
	if l.head > l.len() && len(l.messages)+len(batch) > cap(l.messages) {
		l.closeUp()
	}
	l.messages = append(l.messages, batch...)
	for range batch {
		l.notes = append(l.notes, n)
	}
	l.bytes += bytes
}

// closeUp moves what is there to where the line began. Without it a line that is dropped from as it is added to would grow
// without end.
func (l *line) closeUp() {
	n := copy(l.messages, l.messages[l.head:])
	clear(l.messages[n:])
	copy(l.notes, l.notes[l.head:])
	l.messages, l.notes, l.head = l.messages[:n], l.notes[:n], 0
}

// popFront drops the first message and returns its charge.
func (l *line) popFront() int {
	bytes := charge(&l.messages[l.head])
	l.messages[l.head] = envelope.Message{}
	l.head++
	l.bytes -= bytes
	return bytes
}

// roomy is the length up to which an empty line keeps its memory whatever was last in it.
const roomy = 4096

// reset makes an empty line ready to be filled again. Memory that a burst took is given back when it is over.
func (l *line) reset() {
	if cap(l.messages) > max(roomy, 8*len(l.messages)) {
		*l = line{}
		return
	}
	l.messages, l.notes, l.head, l.bytes = l.messages[:0], l.notes[:0], 0, 0
}

// A group is messages that wait together, apart from the line.
type group struct {
	line
	due   time.Duration
	tried time.Duration // the last attempt
	waits waits
	errs  []error // why each is given up; nil: they are to be sent again
}

// pick clones the messages at these places of l into a group.
func pick(l line, places []int) *group {
	picked := make([]envelope.Message, 0, len(places))
	g := new(group)
	for _, i := range places {
		picked = append(picked, l.messages[i])
		g.notes = append(g.notes, l.notes[i])
	}
	g.messages, g.bytes = own(new(selection), picked)
	return g
}

// groups are in the order in which they are due.
type groups struct {
	sorted   []*group
	messages int
}

func (s *groups) insert(g *group) {
	after := g.due + 1 // behind those that are due at the same time
	i, _ := slices.BinarySearchFunc(s.sorted, after, func(g *group, due time.Duration) int { return cmp.Compare(g.due, due) })
	s.sorted = slices.Insert(s.sorted, i, g)
	s.messages += g.len()
}

// take removes the first group.
func (s *groups) take() *group {
	g := s.sorted[0]
	s.sorted = slices.Delete(s.sorted, 0, 1)
	s.messages -= g.len()
	if g.errs != nil {
		g.errs = g.errs[g.head:]
	}
	g.messages, g.notes, g.head = g.messages[g.head:], g.notes[g.head:], 0
	return g
}

// hurry makes every group due.
func (s *groups) hurry(now time.Duration, b Backoff) {
	for _, g := range s.sorted {
		g.due, g.waits = now, b.start()
	}
}

func (s *groups) due(now time.Duration) bool { return len(s.sorted) > 0 && s.sorted[0].due <= now }

// dropFirst removes one message and returns its charge.
func (s *groups) dropFirst() (bytes int, ok bool) {
	if len(s.sorted) == 0 {
		return 0, false
	}
	g := s.sorted[0]
	bytes = g.popFront()
	s.messages--
	if g.len() == 0 {
		s.sorted = slices.Delete(s.sorted, 0, 1)
	}
	return bytes, true
}

// own returns clones of batch, which keep alive nothing but themselves, and what holding them costs. They lie in scratch.
func own(scratch *selection, batch []envelope.Message) (clones []envelope.Message, bytes int) {
	scratch.batch = envelope.CloneAll(scratch.batch, batch)
	for i := range scratch.batch {
		bytes += charge(&scratch.batch[i])
	}
	return scratch.batch, bytes
}
