package route

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxExpression = 4 << 10 // bytes
	maxDepth      = 64
)

// Parse reads the text form of a Matcher, which is after Heka's message matcher. An error is a [*SyntaxError].
//
//	expr = and {"||" and}
//	and  = not {"&&" not}
//	not  = "!" not | "(" expr ")" | "TRUE" | "FALSE" | test
//	test = path ("=="|"!="|"<"|"<="|">"|">=") (string|number|name|"NIL"|"TRUE"|"FALSE")
//	     | path ("=~"|"!~") "/" RE2 "/"
//	     | path "^=" string
//	     | path "in" "(" string {"," string} ")"
//	path = Type|Logger|Severity|Payload|Hostname|Pid|EnvVersion|Origin
//	     | "Fields" {"[" (bare|string|integer) "]"}
//
// The whole expression may also be OTHERWISE ([Otherwise]). Names are case-sensitive; white space between them is free.
// A string is '…' or "…" with a backslash before quotes and backslashes in it; bare is letters, digits and _ . -; a number
// is JSON's; a name is a severity's, Emergency to Debug, and goes with Severity; within RE2, \/ is a slash. An expression
// may be 4 KiB long and 64 parentheses or negations deep ("!(" is one).
//
// What tests mean:
//
//   - NIL is missing or null. A missing Type, Logger, Payload, Hostname, EnvVersion or Origin is NIL and reads as the empty
//     text; one that is no string reads as its JSON. Severity is never NIL: a missing or unreadable one is Info.
//   - Strings compare bytewise, numbers by value and exactly, severities by code: Severity <= Error is Error and worse.
//     TRUE and FALSE are JSON's booleans. These and NIL have no order.
//   - A test on something missing or of another type than it asks for does not hold: Fields[n] == '5' does not when n is
//     the number 5. There is one exception: a Payload or Pid whose text is a number compares with numbers as that number.
//   - != and !~ are the negations of == and =~, so they do hold there.
//   - A step in brackets is a name within an object and an index, from 0, within an array. Fields without one is the whole.
func Parse(expr string) (Matcher, error) {
	p := parser{scanner: scanner{text: expr}}
	if len(expr) > maxExpression {
		return Matcher{}, p.failAt(maxExpression, "the expression is longer than 4 KiB")
	}
	m, err := p.matcher()
	if err == nil && !p.end() {
		err = p.fail("&&, || or the end is missing")
	}
	if err != nil {
		return Matcher{}, err
	}
	return m, nil
}

// MustParse is Parse for expressions that stand in a program's text. It panics where Parse returns an error.
func MustParse(expr string) Matcher {
	m, err := Parse(expr)
	if err != nil {
		panic(fmt.Sprintf("route: MustParse(%q): %v", expr, err))
	}
	return m
}

type parser struct {
	scanner
	depth int
}

// matcher reads one whole expression and leaves what follows it.
func (p *parser) matcher() (Matcher, error) {
	p.space()
	start := p.pos
	if p.word() == "OTHERWISE" {
		return Otherwise, nil
	}
	p.pos = start
	n, err := p.any()
	if err != nil {
		return Matcher{}, err
	}
	if p.pos-start > maxExpression {
		return Matcher{}, p.failAt(start+maxExpression, "the expression is longer than 4 KiB")
	}
	if err := (&scanner{text: p.text[:p.pos]}).valid(); err != nil {
		return Matcher{}, err
	}
	return matcher(n), nil
}

func (p *parser) any() (*node, error) { return p.list(opOr, "||", p.all) }
func (p *parser) all() (*node, error) { return p.list(opAnd, "&&", p.not) }

func (p *parser) list(op op, sign string, next func() (*node, error)) (*node, error) {
	var kids []*node
	for {
		n, err := next()
		if err != nil {
			return nil, err
		}
		kids = append(kids, n)
		if !p.take(sign) {
			return join(op, nil, kids), nil
		}
	}
}

func (p *parser) not() (*node, error) {
	p.space()
	negated := p.take("!")
	if !negated && !p.take("(") {
		return p.leaf()
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.fail("the expression is more than 64 deep")
	}
	if !negated {
		return p.group()
	}
	var n *node
	var err error
	if p.take("(") {
		n, err = p.group()
	} else {
		n, err = p.not()
	}
	if err != nil {
		return nil, err
	}
	return negate(n), nil
}

// group reads what follows an opening parenthesis.
func (p *parser) group() (*node, error) {
	n, err := p.any()
	if err == nil && !p.take(")") {
		err = p.fail(") is missing")
	}
	return n, err
}

func (p *parser) leaf() (*node, error) {
	p.space()
	start := p.pos
	switch p.word() {
	case "TRUE":
		return always, nil
	case "FALSE":
		return never, nil
	case "OTHERWISE":
		return nil, p.failAt(start, "OTHERWISE does not stand alone")
	}
	p.pos = start
	to, err := p.path()
	if err != nil {
		return nil, err
	}
	return p.test(to)
}

// signs are tried in this order, so that none hides a longer one.
var signs = []struct {
	text    string
	cmp     comparison
	negated bool
}{
	{"==", equal, false}, {"!=", equal, true}, {"=~", matches, false}, {"!~", matches, true}, {"^=", hasPrefix, false},
	{"<=", lessEqual, false}, {"<", less, false}, {">=", greaterEqual, false}, {">", greater, false}, {"in", in, false},
}

func (p *parser) test(to path) (*node, error) {
	for _, sign := range signs {
		if !p.take(sign.text) {
			continue
		}
		p.space()
		start := p.pos
		t, err := p.right(to, sign.cmp)
		if err != nil {
			if syntax := (*SyntaxError)(nil); !errors.As(err, &syntax) {
				err = p.failAt(start, err.Error())
			}
			return nil, err
		}
		n := &node{op: opTest, test: t}
		if sign.negated {
			n = negate(n)
		}
		return n, nil
	}
	return nil, p.fail("a comparison is missing")
}

// right reads the right side of a comparison.
func (p *parser) right(to path, c comparison) (*test, error) {
	switch c {
	case matches:
		source, err := p.regex()
		if err != nil {
			return nil, err
		}
		return newMatch(to, slashUnescaper.Replace(source))
	case in:
		values, err := p.strings()
		if err != nil {
			return nil, err
		}
		return newTest(to, in, values)
	}
	l, err := p.literal()
	if err != nil {
		return nil, err
	}
	return newTest(to, c, []literal{l})
}

func (p *parser) strings() ([]literal, error) {
	if !p.take("(") {
		return nil, p.fail("( is missing")
	}
	var values []literal
	for {
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		values = append(values, literal{kind: stringLiteral, text: s})
		if p.take(")") {
			return values, nil
		}
		if !p.take(",") {
			return nil, p.fail(", or ) is missing")
		}
	}
}

func (p *parser) literal() (literal, error) {
	if p.quote() != 0 {
		s, err := p.str()
		return literal{kind: stringLiteral, text: s}, err
	}
	start := p.pos
	switch word := p.word(); word {
	case "":
	case "NIL":
		return literal{}, nil
	case "TRUE", "FALSE":
		return boolOf(word == "TRUE"), nil
	default:
		if l, ok := severityNamed(word); ok {
			return l, nil
		}
		return literal{}, p.failAt(start, fmt.Sprintf("no severity is called %.40s; text stands in quotes", word))
	}
	if n, length := scanNumber(p.text[p.pos:]); length > 0 {
		l := literal{kind: numberLiteral, text: strings.Clone(p.text[p.pos : p.pos+length]), num: n}
		p.pos += length
		return l, nil
	}
	return literal{}, p.fail("a value is missing")
}
