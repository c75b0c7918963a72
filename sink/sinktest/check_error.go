package sinktest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func checkCancelled(k *kit, t testing.TB) string {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	faults := []Fault{nil}
	if k.New == nil {
		faults = append(faults, func(ctx context.Context, _ []envelope.Message) error { return ctx.Err() })
	}
	for _, fault := range faults {
		s := k.make(t, false)
		s.plan(fault)
		for range 3 {
			_ = s.sendBound(cancelled, ruleWaiting, s.messages(5))
		}
		if k.Asynchronous {
			s.plan(nil)
		}
		s.settle(ruleCancelled)
		if k.Fan == nil {
			s.unrefused()
		}
	}
	return k.unseenBy()
}

func (k *kit) unseenBy() string {
	s := subject{kit: k}
	if k.New == nil {
		s.next = []*Recorder{}
	}
	return s.unseen()
}

func checkStall(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if !s.stall(true) {
		return "the harness has no Stall"
	}
	defer s.release()
	first, letGo := context.WithCancel(context.Background())
	defer letGo()
	batch := s.messages(16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.sendHere(first, batch)
	}()
	waits := 0
	for i := 0; i < 64 && waits < 4; i++ { // the first ones may come before the Send that holds what others need
		ctx, cancel := brief()
		err := s.sendBound(ctx, ruleWaiting, s.messages(16))
		cancel()
		if err != nil {
			waits++
		}
	}
	s.within(ruleAsked, "Account", func() { _, _ = s.account() })
	letGo()
	s.within(ruleWaiting, "a Send whose context was cancelled", func() { <-done })
	s.stall(false)
	s.settle(ruleCancelled)
	if waits == 0 {
		return "no Send waited for the stalled endpoint"
	}
	return ""
}

func checkErrors(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if !s.fail(true) {
		return "the harness has no Fail"
	}
	for _, n := range []int{1, 5} {
		ctx, cancel := brief()
		err := s.send(ctx, s.messages(n))
		cancel()
		if a, ok := s.account(); ok && err != nil && a.LastError == nil {
			s.broken(ruleLastError, "Send returned %v and LastError is nil", err)
		}
		s.balance()
	}
	s.fail(false)
	for deadline := time.Now().Add(k.Patience); ; time.Sleep(5 * time.Millisecond) {
		again, cancel := k.patient()
		err := s.send(again, s.messages(1))
		cancel()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			s.broken(ruleAgain, "Send still returns %v", err)
			break
		}
	}
	s.settle(ruleReported)
	return s.unseen()
}

func checkZero(k *kit, t testing.TB) string {
	s := k.make(t, false)
	batch := s.messages(3)
	batch[1] = envelope.Message{}
	err := s.send(context.Background(), batch)
	offered := len(s.next) == 0
	for _, r := range s.next {
		offered = offered || r.Account().Refused > 0
	}
	failed := failures(err, len(batch))
	if !k.Asynchronous && offered && (len(failed) != 1 || !sink.IsPermanent(failed[1])) {
		s.broken(ruleZero, "Send of three messages, the second of them zero, returned %v", err)
	}
	s.settle(ruleDone)
	return ""
}

func checkPanic(k *kit, t testing.TB) string {
	s := k.make(t, false)
	s.plan(Times(1, Panic("sinktest: planned panic")))
	batch := s.messages(9)
	keys := s.keys(batch)
	err := errors.New("sinktest: Send has panicked")
	s.within(rulePanicked, "Send", func() {
		defer func() { _ = recover() }()
		err = s.wellFormed(s.sink.Send(context.Background(), batch), len(batch))
	})
	s.enter(keys, err)
	if !k.Asynchronous {
		s.plan(nil) // a filter may have let nothing through to panic over
	}
	ctx, cancel := k.patient()
	defer cancel()
	if err := s.sendBound(ctx, rulePanicked, s.messages(3)); err != nil {
		s.broken(rulePanicked, "Send after a panic returned %v", err)
	}
	if d, ok := s.sink.(shutdowner); ok {
		s.within(rulePanicked, "Shutdown", func() { _ = d.Shutdown(ctx) })
	}
	s.arrive(rulePanicked)
	if a, ok := s.account(); ok && !a.Balanced() {
		s.broken(ruleBalance, "the account after a panic is %+v", a)
	}
	return ""
}
