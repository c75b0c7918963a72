package route

import (
	"slices"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A group is what of a batch one branch gets. As long as that is a run of the batch, it is not copied.
type group struct {
	start, end int                // the run
	messages   []envelope.Message // once it is none
	positions  []int              // of messages in the batch
}

// add adds batch[i]; i grows from one call to the next. It reports whether it is the first.
func (g *group) add(batch []envelope.Message, i int, s *scratch) (first bool) {
	switch {
	case g.messages != nil:
		g.messages = append(g.messages, batch[i])
		g.positions = append(g.positions, i)
	case g.end == i && g.end > g.start:
		g.end++
	case g.end == 0:
		g.start, g.end = i, i+1
		return true
	default:
		g.messages, g.positions = s.space()
		g.messages = append(append(g.messages, batch[g.start:g.end]...), batch[i])
		for at := g.start; at < g.end; at++ {
			g.positions = append(g.positions, at)
		}
		g.positions = append(g.positions, i)
	}
	return false
}

// batch returns the group as a batch of its own.
func (g *group) batch(whole []envelope.Message) []envelope.Message {
	if g.messages != nil {
		return g.messages
	}
	return whole[g.start:g.end:g.end]
}

// position returns where in the whole batch the group's message i is.
func (g *group) position(i int) int {
	if g.messages != nil {
		return g.positions[i]
	}
	return g.start + i
}

// scratch is the memory of one Send.
type scratch struct {
	program *program
	reader  reader
	lookup  lookup
	groups  []group // beside the program's branches
	touched []int   // the groups that have a message
	failed  failures
	spare   []spare
	spared  int // the messages that spare has room for
}

type spare struct {
	messages  []envelope.Message
	positions []int
}

// maxSpare bounds how many messages the memory that is kept has room for.
const maxSpare = 16 << 10

func newScratch(p *program) *scratch {
	return &scratch{
		program: p,
		reader:  reader{paths: p.paths, values: make([]value, len(p.paths))},
		groups:  make([]group, len(p.branches)),
	}
}

// sort puts each message of the batch into the groups of the branches that get it.
func (s *scratch) sort(batch []envelope.Message) {
	p := s.program
	for i := range batch {
		m := &batch[i]
		s.reader.next(m)
		code := m.Severity().Code()
		matched := false
		for _, cs := range s.lookup.of(p, m) {
			for _, c := range cs[code] {
				if c.when == nil || c.when.holds(&s.reader) {
					matched = true
					s.add(batch, i, c.branch)
				}
			}
		}
		if matched {
			continue
		}
		for _, branch := range p.otherwise {
			s.add(batch, i, branch)
		}
		if len(p.otherwise) == 0 {
			s.failed.add(i, len(batch), errUnrouted)
		}
	}
	slices.Sort(s.touched)
}

func (s *scratch) add(batch []envelope.Message, i, branch int) {
	if s.groups[branch].add(batch, i, s) {
		s.touched = append(s.touched, branch)
	}
}

func (s *scratch) space() ([]envelope.Message, []int) {
	if len(s.spare) == 0 {
		return make([]envelope.Message, 0, 16), make([]int, 0, 16)
	}
	last := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	s.spared -= cap(last.messages)
	return last.messages, last.positions
}

// release lets go of all messages and gives the memory back.
func (s *scratch) release() {
	for _, branch := range s.touched {
		g := &s.groups[branch]
		if g.messages != nil && s.spared+cap(g.messages) <= maxSpare {
			clear(g.messages)
			s.spared += cap(g.messages)
			s.spare = append(s.spare, spare{g.messages[:0], g.positions[:0]})
		}
		*g = group{}
	}
	s.touched = s.touched[:0]
	s.reader.next(nil)
	s.lookup = lookup{}
	s.failed = failures{}
	s.program.scratch.Put(s)
}
