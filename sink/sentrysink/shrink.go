package sentrysink

import "github.com/mozilla-services/metlog-go/internal/jsontext"

// A cut says what an event loses because it is too large. Each includes those before it.
type cut int

const (
	whole    cut = iota
	someVars     // the variables of all frames but the innermost of each stack
	allVars      // all variables
	fields       // contexts, which a message's fields are, extra and breadcrumbs
	frames       // the source lines, and frames to leave 32
	fewer        // frames to leave 4
	cuts
)

func (c cut) String() string {
	switch c {
	case whole:
		return "nothing"
	case someVars, allVars:
		return "variables"
	case fields:
		return "fields"
	default:
		return "frames"
	}
}

// keeps returns how many of n frames stay, at the beginning, which is the outermost end, and at the end.
func (c cut) keeps(n int) (first, last int) {
	limit := n
	switch c {
	case frames:
		limit = 32
	case fewer:
		limit = 4
	}
	if n <= limit {
		return n, 0
	}
	return limit / 4, limit - limit/4
}

// frames appends the frames of a stack, those that stay.
func (t *tidier) frames(b []byte, value string, o *object) ([]byte, bool) {
	if !jsontext.Is(value, '[') {
		return b, false
	}
	n := 0
	for element := range jsontext.Elements(value) {
		if jsontext.Is(element, '{') {
			n++
		}
	}
	first, last := t.cut.keeps(n)
	b = append(b, '[')
	start := len(b)
	i := -1
	for element := range jsontext.Elements(value) {
		if !jsontext.Is(element, '{') {
			continue
		}
		if i++; i >= first && i < n-last {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = t.frame(b, element, o, i == n-1)
	}
	return append(b, ']'), true
}

func (t *tidier) frame(b []byte, text string, o *object, innermost bool) []byte {
	switch {
	case t.cut >= frames:
		o = bareFrame
	case t.cut >= allVars, t.cut == someVars && !innermost:
		o = frameWithoutVars
	}
	return append(t.known(append(b, '{'), text, o, false), '}')
}

var (
	frameWithoutVars = frameObject.without("vars")
	bareFrame        = frameWithoutVars.without("context_line", "pre_context", "post_context")
	bareEvent        = eventObject.without("contexts", "extra", "breadcrumbs")
)

func (o *object) without(names ...string) *object {
	bare := &object{names: o.names, rules: append([]rule(nil), o.rules...)}
	for _, name := range names {
		bare.rules[o.names[name]] = rule{kind: asNothing}
	}
	return bare
}
