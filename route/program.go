package route

import (
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A program is a router's rules, compiled: an index by type, logger and severity, in which each rule stands only where it
// may match, with a condition for what the index cannot say. It does not change but for the pool.
type program struct {
	rules     []Rule    // as given
	branches  []*branch // in the order they are sent to: BestEffort ones last
	sent      []int     // beside rules: the index of the rule's branch
	otherwise []int     // branches of the rules with Otherwise

	byType  map[string]*byLogger
	anyType byLogger
	loggers bool           // some rule is indexed by logger
	slots   map[string]int // by path
	paths   []path
	scratch sync.Pool // of *scratch
}

// byLogger finds candidates by logger.
type byLogger struct {
	byLogger map[string]*candidates
	any      *candidates // whatever the logger
}

// Candidates are the rules to ask, by severity code.
type candidates [8][]candidate

type candidate struct {
	branch int
	when   *condition // nil: it matches
}

// maxPairs bounds how many pairs of a type and a logger one rule is indexed under; one of more is indexed by type alone.
const maxPairs = 1024

// compile returns the program of rules that are valid. branches stands beside rules.
func compile(rules []Rule, branches []*branch) *program {
	p := &program{rules: rules, sent: make([]int, len(rules)), byType: map[string]*byLogger{}, slots: map[string]int{}}
	for _, bestEffort := range []bool{false, true} {
		for i, b := range branches {
			if b.bestEffort == bestEffort {
				p.sent[i] = len(p.branches)
				p.branches = append(p.branches, b)
			}
		}
	}
	for i := range rules {
		p.add(rules[i].When.node(), p.sent[i])
	}
	p.scratch.New = func() any { return newScratch(p) }
	return p
}

func (p *program) add(n *node, branch int) {
	if n.op == opOtherwise {
		p.otherwise = append(p.otherwise, branch)
		return
	}
	within := n.bounds(false)
	if within.empty() {
		return
	}
	if !within.types.all && len(within.types.of)*len(within.loggers.of) > maxPairs {
		within.loggers = set{all: true}
	}
	c := candidate{branch: branch}
	if left := residue(n, within); left != nil {
		when := p.condition(left)
		c.when = &when
	}
	p.loggers = p.loggers || !within.loggers.all
	if within.types.all {
		p.anyType.add(within, c)
	}
	for _, name := range within.types.of {
		of, ok := p.byType[name]
		if !ok {
			of = &byLogger{}
			p.byType[name] = of
		}
		of.add(within, c)
	}
}

func (l *byLogger) add(within bounds, c candidate) {
	if within.loggers.all {
		if l.any == nil {
			l.any = &candidates{}
		}
		l.any.add(within.severities, c)
		return
	}
	if l.byLogger == nil {
		l.byLogger = map[string]*candidates{}
	}
	for _, name := range within.loggers.of {
		of, ok := l.byLogger[name]
		if !ok {
			of = &candidates{}
			l.byLogger[name] = of
		}
		of.add(within.severities, c)
	}
}

func (cs *candidates) add(severities uint8, c candidate) {
	for code := range cs {
		if severities>>code&1 != 0 {
			cs[code] = append(cs[code], c)
		}
	}
}

// A lookup finds candidates, and remembers the last ones: messages of one kind come in runs.
type lookup struct {
	known       bool
	typ, logger string
	found       [4]*candidates
	n           int
}

func (l *lookup) of(p *program, m *envelope.Message) []*candidates {
	typ, logger := m.Type(), ""
	if p.loggers {
		logger = m.Logger()
	}
	if !l.known || typ != l.typ || logger != l.logger {
		l.known, l.typ, l.logger, l.n = true, typ, logger, 0
		l.add(&p.anyType)
		if of, ok := p.byType[typ]; ok {
			l.add(of)
		}
	}
	return l.found[:l.n]
}

func (l *lookup) add(of *byLogger) {
	if of.any != nil {
		l.found[l.n] = of.any
		l.n++
	}
	if cs, ok := of.byLogger[l.logger]; ok {
		l.found[l.n] = cs
		l.n++
	}
}
