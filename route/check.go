package route

import (
	"fmt"
	"slices"
)

// Check returns a warning for each rule that cannot match any message, as far as it can tell, and for each that does what
// another one does. None of them is an error.
func (r *Router) Check() []string {
	rules := r.program.Load().rules
	var warnings []string
	warn := func(rule *Rule, format string, args ...any) {
		warnings = append(warnings, fmt.Sprintf("rule %s: ", rule.Name)+fmt.Sprintf(format, args...))
	}
	everything := slices.IndexFunc(rules, func(o Rule) bool { return o.When.node().impossible(true) })
	seen := make(map[string][]*Rule, len(rules)) // by expression
	for i := range rules {
		rule := &rules[i]
		text := rule.When.String()
		if rule.When.node().op == opOtherwise && everything >= 0 {
			warn(rule, "can never match, since rule %s matches everything", rules[everything].Name)
		}
		if rule.When.node().impossible(false) {
			warn(rule, "can never match: %s", excerpt(text, 200))
		}
		if twin := slices.IndexFunc(seen[text], func(o *Rule) bool { return same(o.To, rule.To) }); twin >= 0 {
			warn(rule, "sends the same messages to the same sink as rule %s", seen[text][twin].Name)
		}
		seen[text] = append(seen[text], rule)
	}
	return warnings
}

// impossible reports whether it is plain that n, or its negation, matches nothing.
func (n *node) impossible(negated bool) bool {
	if b := n.bounds(negated); b.empty() {
		return true
	}
	switch {
	case n.op == opNot:
		return n.kids[0].impossible(!negated)
	case n.op != opAnd && n.op != opOr:
		return false
	case (n.op == opOr) != negated:
		return !slices.ContainsFunc(n.kids, func(kid *node) bool { return !kid.impossible(negated) })
	}
	for i, kid := range n.kids {
		if kid.impossible(negated) {
			return true
		}
		for _, other := range n.kids[:i] {
			if contradict(kid, other, negated) {
				return true
			}
		}
	}
	return false
}

// contradict reports whether it is plain that a and b, or both their negations, do not match one message.
func contradict(a, b *node, negated bool) bool {
	a, notA := a.bare(negated)
	b, notB := b.bare(negated)
	if a.op != b.op || a.op == opTest && !a.test.path.equal(b.test.path) {
		return false
	}
	if notA != notB {
		return Matcher{a}.String() == Matcher{b}.String()
	}
	if notA || a.op != opTest {
		return false
	}
	apart := func(l literal) bool {
		return !slices.ContainsFunc(b.test.values, func(o literal) bool { return !a.test.path.apart(&l, &o) })
	}
	return a.test.cmp.lists() && b.test.cmp.lists() &&
		!slices.ContainsFunc(a.test.values, func(l literal) bool { return !apart(l) })
}

// bare returns n without negations, and whether it is negated.
func (n *node) bare(negated bool) (*node, bool) {
	for n.op == opNot {
		n, negated = n.kids[0], !negated
	}
	return n, negated
}

// lists reports whether the literals of a test with c are all that it holds for.
func (c comparison) lists() bool { return c == equal || c == in }

// apart reports whether what p reads never equals both a and b.
func (p *path) apart(a, b *literal) bool {
	switch {
	case a.kind != b.kind:
		return p.member == memberFields // a payload may be '5' and 5, and a type '' and NIL
	case a.kind == numberLiteral:
		return a.num.compare(&b.num) != 0
	}
	return a.text != b.text
}
