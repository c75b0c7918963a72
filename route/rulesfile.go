package route

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/mozilla-services/metlog-go/sink"
)

const (
	maxLine   = maxExpression + 1024 // bytes
	maxRules  = 10_000               // lines, empty ones and comments included
	maxFaults = 20                   // errors reported of one file
)

// ParseRules reads rules, one a line:
//
//	name: expression -> sink [best-effort]
//
// The name is letters, digits and _ . -; the expression is what [Parse] takes; sink is a key of sinks, of the same
// characters; the word best-effort at the end makes the rule BestEffort. # begins a comment, alone or after a rule; empty
// lines are free. The errors, joined, name the line: what is no rule, a sink that sinks does not have, a name that is
// taken. A line may be 5 KiB long, and there may be 10,000.
func ParseRules(r io.Reader, sinks map[string]sink.Sink) ([]Rule, error) {
	f := rulesFile{sinks: sinks, lines: map[string]int{}}
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	n := 0
	for in.Scan() {
		if n++; n > maxRules {
			f.fail(n, errors.New("more than 10000 lines"))
			break
		}
		if err := f.add(n, in.Text()); err != nil && !f.fail(n, err) {
			break
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		f.fail(n+1, errors.New("longer than 5 KiB"))
	} else if err != nil {
		f.errs = append(f.errs, fmt.Errorf("route: rules: %w", err))
	}
	if err := errors.Join(f.errs...); err != nil {
		return nil, err
	}
	return f.rules, nil
}

type rulesFile struct {
	sinks map[string]sink.Sink
	rules []Rule
	lines map[string]int // by rule's name
	errs  []error
}

// fail notes what is wrong with line n and reports whether to go on.
func (f *rulesFile) fail(n int, err error) bool {
	f.errs = append(f.errs, fmt.Errorf("route: rules line %d: %w", n, err))
	if len(f.errs) < maxFaults {
		return true
	}
	f.errs = append(f.errs, errors.New("route: rules: too many errors, the rest was not read"))
	return false
}

func (f *rulesFile) add(n int, line string) error {
	p := parser{scanner: scanner{text: line}}
	if p.end() || p.take("#") {
		return nil
	}
	name := p.bare()
	if name == "" || !p.take(":") {
		return p.fail("a rule's name and : are missing")
	}
	rule, err := f.rule(&p)
	if err != nil {
		return fmt.Errorf("rule %.*s: %w", maxName, name, err)
	}
	if before, ok := f.lines[name]; ok {
		return fmt.Errorf("rule %s: the name is taken by line %d", name, before)
	}
	f.lines[name] = n
	rule.Name = strings.Clone(name)
	f.rules = append(f.rules, rule)
	return nil
}

// rule reads what follows the name.
func (f *rulesFile) rule(p *parser) (rule Rule, err error) {
	if rule.When, err = p.matcher(); err != nil {
		return rule, err
	}
	if !p.take("->") {
		return rule, p.fail("&&, || or -> is missing")
	}
	p.space()
	start := p.pos
	name := p.bare()
	if name == "" {
		return rule, p.fail("a sink's name is missing")
	}
	to, ok := f.sinks[name]
	if !ok {
		return rule, p.failAt(start, fmt.Sprintf("sink %.*s is not configured", maxName, name))
	}
	rule.To = to
	rule.BestEffort = p.take("best-effort")
	if !p.end() && !p.take("#") {
		return rule, p.fail("the line goes on after its rule")
	}
	return rule, nil
}
