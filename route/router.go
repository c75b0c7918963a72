package route

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Router is a sink that sends each message to the sink of every rule that matches it. All its methods are safe for
// concurrent use.
type Router struct {
	counts  sink.Counters
	borrows bool
	program atomic.Pointer[program]

	replacing sync.Mutex
	gone      []*branch // of rules there were once
}

// New returns a router with these rules, at least one. What is wrong with rules is said of all of them, by name.
func New(rules ...Rule) (*Router, error) {
	if err := validate(rules); err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	branches := make([]*branch, len(rules))
	for i := range rules {
		branches[i] = newBranch(&rules[i])
	}
	r := &Router{borrows: borrows(rules)}
	r.program.Store(compile(slices.Clone(rules), branches))
	return r, nil
}

// Send gives each rule's sink the messages that the rule matches, in their order and as one batch: one sink after another
// on the caller's goroutine, in the order of the rules but BestEffort ones last. A sink of two rules gets twice what both
// match. The sinks, not the router, look at ctx, so each is asked whatever became of the others. The error has each message
// that a rule's sink refused, BestEffort ones excepted, with the rules' names, and each that no rule matches, with
// [ErrUnrouted].
func (r *Router) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	p := r.program.Load()
	s := p.scratch.Get().(*scratch)
	s.sort(batch)
	for _, i := range s.touched {
		g := &s.groups[i]
		part := g.batch(batch)
		if err := p.branches[i].Send(ctx, part); err != nil {
			s.failed.addGroup(g, len(part), len(batch), err)
		}
	}
	err := s.failed.err()
	s.release()
	return r.counts.Sent(len(batch), err)
}

// Replace gives the router other rules. A Send that has begun goes on with those it began with. A rule that stays, with
// its name, its sink and its BestEffort, goes on with its account; the accounts of rules that are gone, and what those
// lead to, stay in Next, so each new sink in place of another costs a little memory for good. (A sink that cannot be
// compared, such as a func, is a new one each time.) A sink that no rule leads to any more belongs, as before, to who made
// it. Rules that [New] would not take are an error, and so are rules that lead back to the router, or to a sink that keeps
// messages when Borrows says that none does; the router then stays as it was.
func (r *Router) Replace(rules ...Rule) error {
	if err := r.validate(rules); err != nil {
		return fmt.Errorf("route: Replace: %w", err)
	}
	r.replacing.Lock()
	defer r.replacing.Unlock()
	known := r.branches()
	branches := make([]*branch, len(rules))
	for i := range rules {
		at := slices.IndexFunc(known, func(b *branch) bool { return b.of(&rules[i]) })
		if at < 0 {
			branches[i] = newBranch(&rules[i])
			continue
		}
		branches[i] = known[at]
		known = slices.Delete(known, at, at+1)
	}
	r.gone = known
	r.program.Store(compile(slices.Clone(rules), branches))
	return nil
}

func (r *Router) validate(rules []Rule) error {
	if err := validate(rules); err != nil {
		return err
	}
	if r.borrows && !borrows(rules) {
		return errors.New("a sink keeps messages, and the router has said that none does (Borrows)")
	}
	for i := range rules {
		if leadsTo(rules[i].To, r, map[sink.Sink]bool{}) {
			return fmt.Errorf("rule %q: To leads back to this router", rules[i].Name)
		}
	}
	return nil
}

// leadsTo reports whether a message given to s may come to r.
func leadsTo(s sink.Sink, r *Router, seen map[sink.Sink]bool) bool {
	if reflect.ValueOf(s).Comparable() {
		if s == sink.Sink(r) {
			return true
		}
		if seen[s] {
			return false
		}
		seen[s] = true
	}
	w, ok := s.(sink.Wrapper)
	return ok && slices.ContainsFunc(w.Next(), func(next sink.Sink) bool { return leadsTo(next, r, seen) })
}

// branches returns the rules' branches in the order of the rules, then those gone. r.replacing is held.
func (r *Router) branches() []*branch {
	p := r.program.Load()
	all := make([]*branch, 0, len(p.rules)+len(r.gone))
	for _, at := range p.sent {
		all = append(all, p.branches[at])
	}
	return append(all, r.gone...)
}

// Account returns the router's account. A message is Done when every matching rule that is not BestEffort took it, else
// Refused. The rules' own accounts are those of Next.
func (r *Router) Account() sink.Account {
	p := r.program.Load()
	var names []string
	for i := range p.rules[:min(len(p.rules), 8)] {
		names = append(names, p.rules[i].Name)
	}
	if more := len(p.rules) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return r.counts.Account("router -> " + strings.Join(names, ", "))
}

// Next returns one sink for each rule, in their order, and then one for each that was replaced. Each is a [sink.Accounter]
// with the rule's account and a [sink.Wrapper] whose Next is the rule's sink. In a rule's account Offered is what the rule
// matched, and Dropped "besteffort" what its sink did not take of a BestEffort rule.
func (r *Router) Next() []sink.Sink {
	r.replacing.Lock()
	defer r.replacing.Unlock()
	var next []sink.Sink
	for _, b := range r.branches() {
		next = append(next, b)
	}
	return next
}

// Borrows reports whether every rule's sink says that it keeps no message.
func (r *Router) Borrows() bool { return r.borrows }
