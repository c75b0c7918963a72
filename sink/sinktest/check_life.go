package sinktest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func checkShutdown(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if k.Wrap != nil && k.Asynchronous { // so that there is something left to flush
		s.stall(true)
		defer time.AfterFunc(5*time.Millisecond, func() { s.stall(false) }).Stop()
	}
	for range 10 {
		_ = s.send(context.Background(), s.messages(10))
	}
	ctx, cancel := k.patient()
	defer cancel()
	err, can := s.shutdown(ctx)
	if !can {
		return "the sink has no Shutdown"
	}
	if err != nil {
		s.broken(ruleFlush, "Shutdown returned %v, though nothing fails", err)
	}
	if a, ok := s.account(); ok && a.Held != 0 {
		s.broken(ruleFlush, "after Shutdown the account is %+v", a)
	}
	s.expectClosed("Shutdown")
	s.arrive(ruleFlush)
	if err, _ := s.shutdown(ctx); err != nil {
		s.broken(ruleIdempotent, "a second Shutdown returned %v", err)
	}
	if err, can := s.close(); can && err != nil {
		s.broken(ruleIdempotent, "Close after Shutdown returned %v", err)
	}
	s.expectClosed("Shutdown and Close")
	s.afterwards()
	return ""
}

func checkClose(k *kit, t testing.TB) string {
	s := k.make(t, false)
	_ = s.send(context.Background(), s.messages(10))
	if s.stall(true) {
		defer s.release()
		ctx, cancel := brief()
		defer cancel()
		_ = s.send(ctx, s.messages(10))
	}
	err, can := s.close()
	if !can {
		return "the sink has no Close"
	}
	s.expectLeft(ruleClose, err)
	s.expectClosed("Close")
	_, _ = s.close()
	ctx, cancel := k.patient()
	defer cancel()
	_, _ = s.shutdown(ctx)
	s.expectClosed("Close and Shutdown")
	s.afterwards()
	return ""
}

// afterwards checks what the account must still say of a closed sink. Whether it counts a Send that got ErrClosed is its
// own affair, if it does so on both sides.
func (s *subject) afterwards() {
	s.Helper()
	a, ok := s.account()
	if !ok {
		return
	}
	if !a.Balanced() {
		s.broken(ruleBalance, "after the end the account is %+v", a)
	}
	if a.Offered-a.Refused != uint64(s.acceptedN) {
		s.broken(ruleCounted, "%d messages were accepted; after the end the account is %+v", s.acceptedN, a)
	}
}

// expectLeft compares what err says is left with what was accepted and is not there.
func (s *subject) expectLeft(r rule, err error) {
	s.Helper()
	missing := uint64(0)
	for _, end := range s.ends() {
		missing += uint64(s.missing(end))
	}
	var left *sink.LeftError
	switch {
	case !errors.As(err, &left) && missing > 0 && s.next != nil:
		s.broken(r, "%d accepted messages have not arrived; the error is %v", missing, err)
	case left != nil && left.Messages < missing && s.next != nil:
		s.broken(r, "%d accepted messages have not arrived; the error says %v", missing, left)
	}
}

func checkDeadline(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if !s.stall(true) {
		return "the harness has no Stall"
	}
	defer s.release()
	if _, ok := s.sink.(shutdowner); !ok {
		return "the sink has no Shutdown"
	}
	ctx, cancel := brief()
	defer cancel()
	_ = s.send(ctx, s.messages(10))
	err, _ := s.shutdown(ctx)
	s.expectLeft(ruleDeadline, err)
	if a, ok := s.account(); ok && !a.Balanced() {
		s.broken(ruleBalance, "after a Shutdown that ran out of time the account is %+v", a)
	}
	_, _ = s.close()
	s.stall(false)
	return ""
}

func checkRace(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if _, ok := s.sink.(shutdowner); !ok {
		return "the sink has no Shutdown"
	}
	ctx, cancel := k.patient()
	defer cancel()
	s.race("Shutdown", func() {
		if err, _ := s.shutdown(ctx); err != nil {
			s.broken(ruleFlush, "Shutdown returned %v, though nothing fails", err)
		}
	})
	s.arrive(ruleNeither)
	s.afterwards()
	return s.unseen()
}

func checkCloseRace(k *kit, t testing.TB) string {
	s := k.make(t, false)
	if _, ok := s.sink.(io.Closer); !ok {
		return "the sink has no Close"
	}
	var err error
	s.race("Close", func() { err, _ = s.close() })
	s.expectLeft(ruleNeither, err)
	s.afterwards()
	return ""
}

// race has several goroutines send before, while and after end ends the sink.
func (s *subject) race(what string, end func()) {
	s.Helper()
	const senders, before, beside = 4, 10, 20
	batches := make([][]envelope.Message, senders*(before+beside+1))
	for i := range batches {
		batches[i] = s.messages(1 + i%3)
	}
	begun, ended := make(chan struct{}), make(chan struct{})
	var ready, running sync.WaitGroup
	ready.Add(senders)
	for own := range slices.Chunk(batches, before+beside+1) {
		running.Go(func() {
			for i, batch := range own {
				switch i {
				case before:
					ready.Done()
					<-begun
				case before + beside:
					<-ended
				}
				s.beside(what, batch)
			}
		})
	}
	s.within(ruleReturns, "Send", ready.Wait)
	close(begun)
	end()
	close(ended)
	s.within(ruleNeither, "a Send beside "+what, running.Wait)
}

// beside sends batch on the caller's goroutine and accepts no error but ErrClosed.
func (s *subject) beside(what string, batch []envelope.Message) {
	for _, e := range sink.Failures(s.sendHere(context.Background(), batch), len(batch)) {
		if !errors.Is(e, sink.ErrClosed) {
			s.broken(ruleClosed, "a Send beside or after %s returned %v", what, e)
			return
		}
	}
}

func checkGoroutines(k *kit, t testing.TB) string {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { // after those of the harness, which come later
		var err error
		for deadline := time.Now().Add(k.Patience / 4); ; {
			if err = goleak.Find(before); err == nil || time.Now().After(deadline) {
				break
			}
		}
		if err != nil {
			(&subject{TB: t, kit: k}).broken(ruleGoroutines, "%v", err)
		}
	})
	ctx, cancel := k.patient()
	defer cancel()
	for _, end := range []func(*subject){
		func(s *subject) { _, _ = s.shutdown(ctx) },
		func(s *subject) { _, _ = s.close() },
		func(s *subject) {
			s.fail(true)
			ctx, cancel := brief()
			defer cancel()
			_ = s.send(ctx, s.messages(3))
			_, _ = s.close()
		},
	} {
		s := k.make(t, false)
		for range 3 {
			_ = s.send(ctx, s.messages(3))
		}
		end(s)
	}
	return ""
}
