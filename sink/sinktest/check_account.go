package sinktest

import (
	"context"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func checkAccount(k *kit, t testing.TB) string {
	s := k.make(t, false)
	a, ok := s.account()
	if !ok {
		s.broken(ruleAccount, "%T has no Account", s.sink)
		return ""
	}
	if a.Name == "" || strings.ContainsAny(a.Name, "\r\n") {
		s.broken(ruleName, "the account's Name is %q", a.Name)
	}
	s.balance()
	accounter := s.sink.(sink.Accounter)
	s.plan(func(context.Context, []envelope.Message) error {
		if a := accounter.Account(); !a.Balanced() {
			s.broken(ruleBalance, "while its next has a batch the account is %+v", a)
		}
		return nil
	})
	stop := repeat(func() {
		if a := accounter.Account(); !a.Balanced() {
			s.broken(ruleBalance, "while messages are sent the account is %+v", a)
		}
	})
	defer stop()
	for i := range 50 {
		_ = s.send(context.Background(), s.messages(i%5))
		s.balance()
	}
	stop()
	if s.fail(true) {
		ctx, cancel := brief()
		defer cancel()
		_ = s.send(ctx, s.messages(4))
		s.balance()
		s.fail(false)
	}
	s.settle(ruleDone)
	return ""
}
