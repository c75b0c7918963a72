package route

import "github.com/mozilla-services/metlog-go/envelope"

// A condition is what is left of a matcher once the index has done its part, compiled for one program.
type condition struct {
	op         op
	kids       []condition
	test       *test
	slot       int   // of test's path in the reader
	severities uint8 // of a test of the severity, which has no slot: a bit per code
	call       func(*envelope.Message) bool
}

func (c *condition) holds(r *reader) bool {
	switch c.op {
	case opTest:
		if c.slot < 0 {
			return c.severities>>r.m.Severity().Code()&1 != 0
		}
		return c.test.holds(r.value(c.slot))
	case opAnd:
		for i := range c.kids {
			if !c.kids[i].holds(r) {
				return false
			}
		}
		return true
	case opOr:
		for i := range c.kids {
			if c.kids[i].holds(r) {
				return true
			}
		}
		return false
	case opNot:
		return !c.kids[0].holds(r)
	case opFunc:
		return c.call(r.m)
	}
	return c.op == opTrue
}

// condition compiles n. Paths that are new to it get a slot.
func (p *program) condition(n *node) condition {
	c := condition{op: n.op, test: n.test, call: n.call, slot: -1}
	switch n.op {
	case opTest:
		if n.test.path.member == memberSeverity {
			c.severities = n.test.severities()
		} else {
			c.slot = p.slot(n.test.path)
		}
	default:
		for _, kid := range n.kids {
			c.kids = append(c.kids, p.condition(kid))
		}
	}
	return c
}

func (p *program) slot(to path) int {
	name := to.String()
	slot, ok := p.slots[name]
	if !ok {
		slot = len(p.paths)
		p.slots[name] = slot
		p.paths = append(p.paths, to)
	}
	return slot
}

// residue returns what of a matcher the index, which keeps a rule out of the way of messages outside of within, does not
// yet say; nil is nothing.
func residue(n *node, within bounds) *node {
	if b := n.bounds(false); b.exact && within.inside(b) {
		return nil
	}
	if n.op != opAnd {
		return n
	}
	var left []*node
	for _, kid := range n.kids {
		if r := residue(kid, within); r != nil {
			left = append(left, r)
		}
	}
	return join(opAnd, nil, left)
}

// inside reports whether all that b lets through, o lets through.
func (b bounds) inside(o bounds) bool {
	return b.types.inside(o.types) && b.loggers.inside(o.loggers) && b.severities&^o.severities == 0
}

func (s set) inside(o set) bool {
	return o.all || !s.all && len(s.intersect(o).of) == len(s.of)
}
