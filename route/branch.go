package route

import (
	"context"
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
	for _, e := range sink.Failures(err, n) {
		dropped++
		err = e
	}
	_ = b.counts.Sent(n-dropped, nil)
	b.counts.Drop(dropped, "besteffort", err)
	return nil
}

// named returns a Send's error with the rule's name at each failure.
func (b *branch) named(err error, n int) error {
	var failed []sink.Failure
	var last *ruleError
	for i, e := range sink.Failures(err, n) {
		if last == nil || !same(last.err, e) {
			last = &ruleError{b.rule, e}
		}
		failed = append(failed, sink.Failure{Index: i, Err: last})
	}
	return &sink.BatchError{Failed: failed}
}

func (b *branch) Account() sink.Account { return b.counts.Account(b.account) }
func (b *branch) Next() []sink.Sink     { return []sink.Sink{b.to} }
func (b *branch) Borrows() bool         { return sink.Borrows(b.to) }

// of reports whether b is what r needs, so that r goes on with b's account.
func (b *branch) of(r *Rule) bool {
	return b.rule == r.Name && b.bestEffort == r.BestEffort && same(b.to, r.To)
}

// same reports whether a and b are one. What cannot be compared, such as a func, is never the same as anything.
func same(a, b any) bool {
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
