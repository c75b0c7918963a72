package route

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A Verdict is what one rule says of one message.
type Verdict struct {
	Rule    string // its name
	Matched bool   // whether it gets the message
	Why     string // the tests that decided, and what they saw: one line of at most 1 KiB; it quotes the message
}

// Explain returns what each rule says of m, in the order of the rules.
func (r *Router) Explain(m *envelope.Message) []Verdict {
	rules := r.program.Load().rules
	verdicts := make([]Verdict, len(rules))
	first := "" // the rule that took the message from Otherwise
	for i := range rules {
		if rules[i].When.node().op != opOtherwise {
			var reasons []string
			matched := rules[i].When.node().explain(m, &reasons)
			verdicts[i] = Verdict{rules[i].Name, matched, line(reasons)}
			if matched && first == "" {
				first = rules[i].Name
			}
		}
	}
	for i := range rules {
		if rules[i].When.node().op == opOtherwise {
			verdicts[i] = Verdict{rules[i].Name, first == "", "no other rule matches"}
			if first != "" {
				verdicts[i].Why = "rule " + first + " matches"
			}
		}
	}
	return verdicts
}

// explain reports whether n matches m and appends the reasons that decide it.
func (n *node) explain(m *envelope.Message, reasons *[]string) bool {
	switch n.op {
	case opAnd, opOr:
		before := len(*reasons)
		for _, kid := range n.kids {
			at := len(*reasons)
			if kid.explain(m, reasons) == (n.op == opOr) {
				*reasons = append((*reasons)[:before], (*reasons)[at:]...)
				return n.op == opOr
			}
		}
		return n.op == opAnd
	case opNot:
		if kid := n.kids[0]; kid.hasNegation() {
			return kid.test.explain(m, true, reasons)
		}
		return !n.kids[0].explain(m, reasons)
	case opTest:
		return n.test.explain(m, false, reasons)
	case opFunc:
		matched := n.call(m)
		*reasons = append(*reasons, fmt.Sprintf("%s is %t", Matcher{n}, matched))
		return matched
	}
	*reasons = append(*reasons, Matcher{n}.String())
	return n.op == opTrue
}

func (t *test) explain(m *envelope.Message, negated bool, reasons *[]string) bool {
	var v value
	t.path.read(m, &v)
	holds := t.holds(&v) != negated
	var b strings.Builder
	t.print(&b, negated)
	fmt.Fprintf(&b, " is %t: it is %s", holds, &v)
	*reasons = append(*reasons, b.String())
	return holds
}

// String returns v as a reason shows it.
func (v *value) String() string {
	switch v.kind {
	case kindMissing:
		return "NIL"
	case kindText:
		return quoted(excerpt(v.text, 40))
	case kindComposite:
		return "an object or an array"
	}
	return excerpt(v.text, 40)
}

func line(reasons []string) string {
	return excerpt(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, strings.Join(reasons, "; ")), 1000)
}

// excerpt returns at most n bytes of s and an ellipsis.
func excerpt(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
