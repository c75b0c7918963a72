package route

import (
	"errors"
	"fmt"
	"slices"
)

// A Path names what of a message a test looks at, as the text form writes it: a constant of this package, Path("Type"),
// Path("Logger") or what [Field] returns. Its methods make the tests; [Parse] says what each means. A method's value is a
// string, a bool, an integer, a float, an [envelope.Severity] or nil, which is NIL: missing or null.
type Path string

// What of a message there is to look at, beside its type, its logger and its fields.
const (
	Severity   Path = "Severity"   // compared by code, so Le(envelope.Error) is "Error or worse"; never NIL
	Payload    Path = "Payload"    // also compares with numbers, when its text is one
	Hostname   Path = "Hostname"   // who the sender says it is
	PID        Path = "Pid"        // a number
	EnvVersion Path = "EnvVersion" // text, such as "0.8"
	Origin     Path = "Origin"     // where the source had it from: Meta.Origin, which no sender can set
)

// Field is the path to a member of fields. Each further step is a name within an object or an index within an array.
func Field(steps ...string) Path { return Path(path{memberFields, steps}.String()) }

// Eq is the test ==.
func (p Path) Eq(v any) Matcher { return p.test(equal, v) }

// Ne is the test !=, which is the same as Not(p.Eq(v)): it holds for a missing value too.
func (p Path) Ne(v any) Matcher { return Not(p.Eq(v)) }

// Lt is the test <.
func (p Path) Lt(v any) Matcher { return p.test(less, v) }

// Le is the test <=.
func (p Path) Le(v any) Matcher { return p.test(lessEqual, v) }

// Gt is the test >.
func (p Path) Gt(v any) Matcher { return p.test(greater, v) }

// Ge is the test >=.
func (p Path) Ge(v any) Matcher { return p.test(greaterEqual, v) }

// HasPrefix is the test ^=.
func (p Path) HasPrefix(prefix string) Matcher { return p.test(hasPrefix, prefix) }

// Matches is the test =~; expr is a regular expression in RE2's syntax, as package regexp has it, and is not anchored.
func (p Path) Matches(expr string) Matcher {
	return p.build(func(to path) (*test, error) {
		source, err := withoutQuotes(expr)
		if err != nil {
			return nil, err
		}
		return newMatch(to, slashUnescaper.Replace(source))
	})
}

// In is the test in.
func (p Path) In(values ...string) Matcher {
	literals := make([]literal, len(values))
	for i, v := range values {
		literals[i] = literal{kind: stringLiteral, text: v}
	}
	return p.build(func(to path) (*test, error) { return newTest(to, in, literals) })
}

func (p Path) test(c comparison, v any) Matcher {
	return p.build(func(to path) (*test, error) {
		l, err := literalOf(v)
		if err != nil {
			return nil, err
		}
		return newTest(to, c, []literal{l})
	})
}

func (p Path) build(test func(path) (*test, error)) Matcher {
	s := scanner{text: string(p)}
	to, err := s.path()
	if err == nil && s.pos < len(s.text) {
		err = errors.New("this is more than a path")
	}
	if err == nil {
		err = s.valid()
	}
	if err != nil {
		return invalid(fmt.Errorf("path %q: %w", string(p), err))
	}
	t, err := test(to)
	if err != nil {
		return invalid(fmt.Errorf("%s: %w", p, err))
	}
	return Matcher{&node{op: opTest, test: t}}
}

// A member is the part of a message that a path begins at.
type member uint8

const (
	memberType member = iota
	memberLogger
	memberSeverity
	memberPayload
	memberHostname
	memberPID
	memberEnvVersion
	memberOrigin
	memberFields
)

var memberNames = [...]string{"Type", "Logger", "Severity", "Payload", "Hostname", "Pid", "EnvVersion", "Origin", "Fields"}

type path struct {
	member member
	steps  []string // within fields
}

func (p path) equal(o path) bool { return p.member == o.member && slices.Equal(p.steps, o.steps) }

func memberOf(name string) (member, bool) {
	i := slices.Index(memberNames[:], name)
	return member(max(i, 0)), i >= 0
}

// textual reports whether what m reads is text always, the empty one when it is missing.
func (m member) textual() bool {
	switch m {
	case memberSeverity, memberPID, memberFields:
		return false
	}
	return true
}

// numeric reports whether what m reads compares with numbers.
func (m member) numeric() bool {
	switch m {
	case memberSeverity, memberPayload, memberPID, memberFields:
		return true
	}
	return false
}
