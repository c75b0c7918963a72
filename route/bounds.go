package route

import "slices"

// Bounds say what the type, the logger and the severity of a message are at least, for a matcher to match it.
type bounds struct {
	types, loggers set
	severities     uint8 // bit per code
	exact          bool  // within these bounds, the matcher always matches
}

// A set is some strings, or all of them.
type set struct {
	all bool
	of  []string // sorted, each once
}

const allSeverities = 0xFF

var (
	unbounded = bounds{set{all: true}, set{all: true}, allSeverities, true}
	nothing   = bounds{exact: true}
)

// bounds returns the bounds of n, or of its negation.
func (n *node) bounds(negated bool) bounds {
	switch n.op {
	case opTrue, opFalse:
		if (n.op == opFalse) != negated {
			return nothing
		}
		return unbounded
	case opNot:
		return n.kids[0].bounds(!negated)
	case opAnd, opOr:
		if (n.op == opAnd) != negated {
			return n.allBounds(negated)
		}
		return n.anyBounds(negated)
	case opTest:
		return n.test.bounds(negated)
	}
	return inexact(unbounded)
}

func inexact(b bounds) bounds {
	b.exact = false
	return b
}

func (n *node) allBounds(negated bool) bounds {
	all := unbounded
	for _, kid := range n.kids {
		b := kid.bounds(negated)
		all.types = all.types.intersect(b.types)
		all.loggers = all.loggers.intersect(b.loggers)
		all.severities &= b.severities
		all.exact = all.exact && b.exact
	}
	return all
}

func (n *node) anyBounds(negated bool) bounds {
	either := nothing
	var types, loggers []set
	var looksAt int
	for _, kid := range n.kids {
		b := kid.bounds(negated)
		if b.empty() {
			continue
		}
		types, loggers = append(types, b.types), append(loggers, b.loggers)
		either.severities |= b.severities
		either.exact = either.exact && b.exact
		looksAt |= b.looksAt()
	}
	either.types, either.loggers = union(types), union(loggers)
	// The union of "type a" and "logger x" is not the product of both unions.
	either.exact = either.exact && looksAt&(looksAt-1) == 0
	return either
}

func (b *bounds) empty() bool {
	return b.types.empty() || b.loggers.empty() || b.severities == 0
}

// looksAt returns a bit for each of type, logger and severity that is bounded.
func (b *bounds) looksAt() (bits int) {
	if !b.types.all {
		bits |= 1
	}
	if !b.loggers.all {
		bits |= 2
	}
	if b.severities != allSeverities {
		bits |= 4
	}
	return bits
}

func (t *test) bounds(negated bool) bounds {
	if t.impossible() {
		if negated {
			return unbounded
		}
		return nothing
	}
	b := unbounded
	switch t.path.member {
	case memberSeverity:
		b.severities = t.severities()
		if negated {
			b.severities = ^b.severities
		}
		return b
	case memberType, memberLogger:
		values, exact, ok := t.texts()
		if !ok || negated {
			return inexact(b)
		}
		b.exact = exact
		if t.path.member == memberType {
			b.types = values
		} else {
			b.loggers = values
		}
		return b
	}
	return inexact(b)
}

// severities returns a bit for each code that the test holds for.
func (t *test) severities() (bits uint8) {
	for code := range severityCodes {
		if t.holds(&value{kind: kindNumber, readable: true, text: severityCodes[code : code+1]}) {
			bits |= 1 << code
		}
	}
	return bits
}

// texts returns the texts of type or logger that the test may hold for, and whether it holds for all of them.
func (t *test) texts() (values set, exact, ok bool) {
	switch {
	case t.cmp == equal && t.values[0].kind == nilLiteral:
		return set{of: []string{""}}, false, true // null and missing read as the empty text, but so does ""
	case t.cmp == equal, t.cmp == in:
		for _, v := range t.values {
			values.of = append(values.of, v.text)
		}
		slices.Sort(values.of)
		values.of = slices.Compact(values.of)
		return values, true, true
	}
	return set{}, false, false
}

func (s set) empty() bool { return !s.all && len(s.of) == 0 }

func (s set) intersect(o set) set {
	switch {
	case s.all:
		return o
	case o.all:
		return s
	}
	var both []string
	for _, text := range s.of {
		if _, ok := slices.BinarySearch(o.of, text); ok {
			both = append(both, text)
		}
	}
	return set{of: both}
}

func union(sets []set) set {
	var either []string
	for _, s := range sets {
		if s.all {
			return set{all: true}
		}
		either = append(either, s.of...)
	}
	slices.Sort(either)
	return set{of: slices.Compact(either)}
}
