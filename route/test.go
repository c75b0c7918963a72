package route

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// A test compares what is at a path with literals. != and !~ are no tests of their own but negations.
type test struct {
	path   path
	cmp    comparison
	values []literal           // in: any number of strings; matches: none; any other: one
	set    map[string]struct{} // of in's values, when they are many
	expr   *regexp.Regexp      // of matches
}

type comparison uint8

const (
	equal comparison = iota
	less
	lessEqual
	greater
	greaterEqual
	matches
	hasPrefix
	in
)

var comparisonSigns = [...]string{"==", "<", "<=", ">", ">=", "=~", "^=", "in"}

// manyValues is how many strings are found faster in a map than one after another.
const manyValues = 8

func newTest(p path, c comparison, values []literal) (*test, error) {
	for i := range values {
		v := &values[i]
		switch {
		case v.kind == severityLiteral && p.member != memberSeverity:
			return nil, errors.New("only Severity compares with a severity")
		case c != equal && v.kind <= boolLiteral:
			return nil, errors.New("NIL, TRUE and FALSE go with == and != only")
		case c == hasPrefix && v.kind != stringLiteral:
			return nil, errors.New("^= needs a string")
		case !utf8.ValidString(v.text):
			return nil, errors.New("a string is not valid UTF-8")
		}
	}
	t := &test{path: p, cmp: c, values: values}
	if c != in {
		return t, nil
	}
	if len(values) == 0 {
		return nil, errors.New("in needs a string")
	}
	if len(values) > manyValues {
		t.set = make(map[string]struct{}, len(values))
		for _, v := range values {
			t.set[v.text] = struct{}{}
		}
	}
	return t, nil
}

// newMatch takes a source without a backslash before any slash.
func newMatch(p path, source string) (*test, error) {
	expr, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	return &test{path: p, cmp: matches, expr: expr}, nil
}

// The text form of a regular expression has a backslash before each slash. An escaped backslash escapes none.
var (
	slashEscaper   = strings.NewReplacer(`\\`, `\\`, `/`, `\/`)
	slashUnescaper = strings.NewReplacer(`\\`, `\\`, `\/`, `/`)
)

// withoutQuotes spells a regular expression without \Q and \E, between which a backslash would escape nothing.
func withoutQuotes(source string) (string, error) {
	if !strings.Contains(source, `\Q`) {
		return source, nil
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return "", err
	}
	return tree.String(), nil
}

// holds reports whether the test holds for v, which is what its path reads.
func (t *test) holds(v *value) bool {
	if t.cmp >= matches {
		return v.textual && t.holdsText(v.text)
	}
	l := &t.values[0]
	switch l.kind {
	case nilLiteral:
		return v.kind == kindMissing
	case boolLiteral:
		return v.kind == kindBool && v.text == l.text
	case stringLiteral:
		return v.textual && t.cmp.holds(strings.Compare(v.text, l.text))
	}
	n, ok := v.number()
	return ok && t.cmp.holds(n.compare(&l.num))
}

func (t *test) holdsText(text string) bool {
	switch t.cmp {
	case matches:
		return t.expr.MatchString(text)
	case hasPrefix:
		return strings.HasPrefix(text, t.values[0].text)
	}
	if t.set != nil {
		_, ok := t.set[text]
		return ok
	}
	return slices.ContainsFunc(t.values, func(l literal) bool { return l.text == text })
}

func (c comparison) holds(order int) bool {
	switch c {
	case equal:
		return order == 0
	case less:
		return order < 0
	case lessEqual:
		return order <= 0
	case greater:
		return order > 0
	}
	return order >= 0
}

// impossible reports whether the test holds for no message, since its path never reads what it asks for.
func (t *test) impossible() bool {
	m := t.path.member
	if t.cmp >= matches {
		return !m.textual() && m != memberFields
	}
	switch t.values[0].kind {
	case nilLiteral:
		return m == memberSeverity
	case boolLiteral:
		return m != memberFields
	case stringLiteral:
		return !m.textual() && m != memberFields
	}
	return !m.numeric()
}
