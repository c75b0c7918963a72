package route

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A branch is the way from a rule to its sink, with an account of its own. It is a sink itself, so that who walks the
// graph finds rules between the router and what they lead to.
type branch struct {
	counts     sink.Counters
	rule       string
	to         sink.Sink
	bestEffort bool
	account    string // its name
}

func newBranch(r *Rule) *branch {
	leads := fmt.Sprintf("%T", r.To)
	if a, ok := r.To.(sink.Accounter); ok {
		leads = a.Account().Name
	}
	return &branch{rule: r.Name, to: r.To, bestEffort: r.BestEffort, account: "rule " + r.Name + " -> " + leads}
}

// Send returns what the sink did not take, or, of a BestEffort rule, counts it as dropped.
func (b *branch) Send(ctx context.Context, batch []envelope.Message) error {
	n := len(batch)
	err := b.to.Send(ctx, batch)
	if err == nil {
		return b.counts.Sent(n, nil)
	}
	err = b.named(err, n)
	if !b.bestEffort {
		return b.counts.Sent(n, err)
	}
	dropped := 0
	for range sink.Failures(err, n) {
		dropped++
	}
	b.counts.Sent(n-dropped, nil)
	b.counts.Drop(dropped, "besteffort", err)
	return nil
}

// named returns a Send's error with the rule's name at each failure. What a broken sink says about messages that it was
// not given is an error of all it was given: none may pass for delivered.
func (b *branch) named(err error, n int) error {
	var batch *sink.BatchError
	if !errors.As(err, &batch) {
		return &ruleError{b.rule, err}
	}
	last := -1
	named := make([]sink.Failure, 0, min(len(batch.Failed), n))
	for i, e := range sink.Failures(err, n) {
		if i <= last || i >= n || e == nil {
			last = n
			break
		}
		last = i
		named = append(named, sink.Failure{Index: i, Err: &ruleError{b.rule, e}})
	}
	if last < 0 || last == n {
		return &ruleError{b.rule, fmt.Errorf("its sink failed, but does not say properly for which of %d messages: %v", n, err)}
	}
	return &sink.BatchError{Failed: named}
}

func (b *branch) Account() sink.Account { return b.counts.Account(b.account) }
func (b *branch) Next() []sink.Sink     { return []sink.Sink{b.to} }
func (b *branch) Borrows() bool         { return sink.Borrows(b.to) }

// of reports whether b is what r needs, so that r goes on with b's account.
func (b *branch) of(r *Rule) bool {
	return b.rule == r.Name && b.bestEffort == r.BestEffort && same(b.to, r.To)
}

// same reports whether two sinks are one. Those that cannot be compared are taken for one when they are of one type.
func same(a, b sink.Sink) bool {
	if !reflect.ValueOf(a).Comparable() || !reflect.ValueOf(b).Comparable() {
		return reflect.TypeOf(a) == reflect.TypeOf(b)
	}
	return a == b
}
