package route

import (
	"errors"
	"fmt"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
)

// A Matcher says which messages a rule is about. It is an immutable tree; the zero Matcher matches everything. What is
// wrong with one, such as a regular expression that does not compile, is an error of [New].
type Matcher struct{ root *node }

// Otherwise matches what no other rule of the router does, rules with Otherwise themselves not counted. It stands alone
// in its rule.
var Otherwise = Matcher{&node{op: opOtherwise}}

type op uint8

const (
	opTrue op = iota
	opFalse
	opOtherwise
	opAnd     // kids: two or more, none of them an opAnd
	opOr      // kids: two or more, none of them an opOr
	opNot     // kids: one
	opTest    // test
	opFunc    // name, call
	opInvalid // err
)

type node struct {
	op   op
	kids []*node
	test *test
	name string
	call func(*envelope.Message) bool
	err  error
}

var (
	always = &node{op: opTrue}
	never  = &node{op: opFalse}
)

// And matches what all of ms match. And() matches everything.
func And(ms ...Matcher) Matcher { return matcher(join(opAnd, always, nodes(ms))) }

// Or matches what at least one of ms matches. Or() matches nothing.
func Or(ms ...Matcher) Matcher { return matcher(join(opOr, never, nodes(ms))) }

// Not matches what m does not.
func Not(m Matcher) Matcher { return matcher(negate(m.node())) }

// Type matches messages of one of the types.
func Type(types ...string) Matcher { return Path("Type").oneOf(types) }

// Logger matches messages of one of the loggers.
func Logger(loggers ...string) Matcher { return Path("Logger").oneOf(loggers) }

// Func matches what f does. It is opaque to the program: f is called for each message that the rest of its rule lets
// through, possibly concurrently, and must keep nothing of it. name stands for it in String, which [Parse] cannot read.
func Func(name string, f func(*envelope.Message) bool) Matcher {
	if name == "" || isnil.Is(f) {
		return invalid(errors.New("Func needs a name and a function"))
	}
	return Matcher{&node{op: opFunc, name: name, call: f}}
}

func (m Matcher) node() *node {
	if m.root == nil {
		return always
	}
	return m.root
}

// matcher makes every spelling of "everything" the zero Matcher.
func matcher(n *node) Matcher {
	if n.op == opTrue {
		return Matcher{}
	}
	return Matcher{n}
}

func invalid(err error) Matcher { return Matcher{&node{op: opInvalid, err: err}} }

func nodes(ms []Matcher) []*node {
	ns := make([]*node, len(ms))
	for i, m := range ms {
		ns[i] = m.node()
	}
	return ns
}

// join returns one node for several under op, which is associative; none stands for no node at all.
func join(op op, none *node, ns []*node) *node {
	var kids []*node
	for _, n := range ns {
		if n.op == op {
			kids = append(kids, n.kids...)
		} else {
			kids = append(kids, n)
		}
	}
	switch len(kids) {
	case 0:
		return none
	case 1:
		return kids[0]
	}
	return &node{op: op, kids: kids}
}

func negate(n *node) *node { return &node{op: opNot, kids: []*node{n}} }

// validate returns the first thing that is wrong within n. Otherwise is wrong anywhere but at the root.
func (n *node) validate(root bool) error {
	switch n.op {
	case opInvalid:
		return n.err
	case opOtherwise:
		if !root {
			return errors.New("Otherwise does not stand alone")
		}
	}
	for _, kid := range n.kids {
		if err := kid.validate(false); err != nil {
			return err
		}
	}
	return nil
}

// oneOf is how Type and Logger test.
func (p Path) oneOf(values []string) Matcher {
	switch len(values) {
	case 0:
		return invalid(fmt.Errorf("%s needs a value", p))
	case 1:
		return p.Eq(values[0])
	}
	return p.In(values...)
}
