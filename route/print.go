package route

import (
	"strconv"
	"strings"
)

// String returns m's text form. [Parse] reads it back as the same tree, within its limits and unless a [Func] is in it.
func (m Matcher) String() string {
	var b strings.Builder
	m.node().print(&b)
	return b.String()
}

func (n *node) print(b *strings.Builder) {
	switch n.op {
	case opTrue:
		b.WriteString("TRUE")
	case opFalse:
		b.WriteString("FALSE")
	case opOtherwise:
		b.WriteString("OTHERWISE")
	case opAnd:
		n.printKids(b, " && ")
	case opOr:
		n.printKids(b, " || ")
	case opNot:
		n.kids[0].printNegated(b)
	case opTest:
		n.test.print(b, false)
	case opFunc:
		b.WriteString("Func(" + strconv.Quote(n.name) + ")")
	case opInvalid:
		b.WriteString("Invalid(" + strconv.Quote(n.err.Error()) + ")")
	}
}

func (n *node) printKids(b *strings.Builder, sign string) {
	for i, kid := range n.kids {
		if i > 0 {
			b.WriteString(sign)
		}
		if n.op == opAnd && kid.op == opOr {
			kid.printGroup(b)
		} else {
			kid.print(b)
		}
	}
}

func (n *node) printGroup(b *strings.Builder) {
	b.WriteByte('(')
	n.print(b)
	b.WriteByte(')')
}

func (n *node) printNegated(b *strings.Builder) {
	if n.hasNegation() {
		n.test.print(b, true)
		return
	}
	b.WriteByte('!')
	switch {
	case n.op == opAnd, n.op == opOr, n.op == opTest, n.op == opNot && n.kids[0].hasNegation():
		n.printGroup(b)
	default:
		n.print(b)
	}
}

// hasNegation reports whether the negation of n is written with a sign of its own, != or !~.
func (n *node) hasNegation() bool {
	return n.op == opTest && (n.test.cmp == equal || n.test.cmp == matches)
}

func (t *test) print(b *strings.Builder, negated bool) {
	b.WriteString(t.path.String())
	sign := comparisonSigns[t.cmp]
	if negated {
		sign = "!" + sign[1:]
	}
	b.WriteString(" " + sign + " ")
	switch t.cmp {
	case matches:
		b.WriteByte('/')
		b.WriteString(slashEscaper.Replace(t.expr.String()))
		b.WriteByte('/')
	case in:
		b.WriteByte('(')
		for i := range t.values {
			if i > 0 {
				b.WriteString(", ")
			}
			t.values[i].print(b)
		}
		b.WriteByte(')')
	default:
		t.values[0].print(b)
	}
}

func (l *literal) print(b *strings.Builder) {
	switch l.kind {
	case nilLiteral:
		b.WriteString("NIL")
	case boolLiteral:
		b.WriteString(strings.ToUpper(l.text))
	case stringLiteral:
		b.WriteString(quoted(l.text))
	default:
		b.WriteString(l.text)
	}
}

var quoteEscaper = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func quoted(s string) string { return "'" + quoteEscaper.Replace(s) + "'" }

func (p path) String() string {
	var b strings.Builder
	b.WriteString(memberNames[p.member])
	for _, step := range p.steps {
		b.WriteByte('[')
		if rest := strings.TrimFunc(step, func(r rune) bool { return r < 0x80 && isBare(byte(r)) }); step != "" && rest == "" {
			b.WriteString(step)
		} else {
			b.WriteString(quoted(step))
		}
		b.WriteByte(']')
	}
	return b.String()
}
