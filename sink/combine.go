package sink

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
)

// must panics when a combinator's argument is nil: a mistake in the program, which no input can cause.
func must(combinator, argument string, v any) {
	if isnil.Is(v) {
		panic("sink: " + combinator + ": nil " + argument)
	}
}

// title is what an account calls s when something else leads to it.
func title(s Sink) string {
	if a, ok := s.(Accounter); ok {
		return a.Account().Name
	}
	return fmt.Sprintf("%T", s)
}

// maxTitles is how many branches a combinator's name spells out.
const maxTitles = 4

func leadsTo(what string, next ...Sink) string {
	names := make([]string, 0, maxTitles+1)
	for i, s := range next {
		if i == maxTitles {
			names = append(names, fmt.Sprintf("%d more", len(next)-i))
			break
		}
		names = append(names, title(s))
	}
	return what + " -> " + strings.Join(names, ", ")
}

func allBorrow(next ...Sink) bool {
	return !slices.ContainsFunc(next, func(s Sink) bool { return !Borrows(s) })
}

// A selection is some messages of a batch and where each stands in it, ascending.
type selection struct {
	batch []envelope.Message
	index []int
}

func (s *selection) add(m *envelope.Message, index int) {
	s.batch = append(s.batch, *m)
	s.index = append(s.index, index)
}

// failures appends to failed what a Send of the selection returned, with the indexes of the whole batch.
func (s *selection) failures(failed []Failure, err error) []Failure {
	for i, e := range Failures(err, len(s.batch)) {
		failed = append(failed, Failure{s.index[i], e})
	}
	return failed
}

// reset empties s. Messages are cleared: one left behind would keep its slab alive.
func (s *selection) reset() {
	clear(s.batch)
	s.batch, s.index = s.batch[:0], s.index[:0]
}

// selections lends selections, so that a Send in the steady state allocates nothing. The zero value is ready.
type selections struct{ pool sync.Pool }

func (p *selections) get() *selection {
	if s, ok := p.pool.Get().(*selection); ok {
		return s
	}
	return new(selection)
}

func (p *selections) put(s *selection) {
	s.reset()
	p.pool.Put(s)
}

// sortFailures puts failures with distinct indexes in order.
func sortFailures(failed []Failure) {
	slices.SortFunc(failed, func(a, b Failure) int { return cmp.Compare(a.Index, b.Index) })
}

// union returns the failures of a and b, both ascending; a message that is in both gets both errors, joined.
func union(a, b []Failure) []Failure {
	all := make([]Failure, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch first := cmp.Compare(a[0].Index, b[0].Index); {
		case first < 0:
			all, a = append(all, a[0]), a[1:]
		case first > 0:
			all, b = append(all, b[0]), b[1:]
		default:
			all = append(all, Failure{a[0].Index, errors.Join(a[0].Err, b[0].Err)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(all, a...), b...)
}
