package sinktest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func checkEmpty(k *kit, t testing.TB) string {
	s := k.make(t, false)
	for _, batch := range [][]envelope.Message{nil, {}} {
		if err := s.send(context.Background(), batch); err != nil {
			s.broken(ruleEmpty, "Send of an empty batch returned %v", err)
		}
	}
	s.settle(ruleEmpty)
	return ""
}

func checkDeliver(k *kit, t testing.TB) string {
	s := k.make(t, false)
	for _, n := range []int{1, 1, 2, 100, 257} {
		if err := s.send(context.Background(), s.messages(n)); err != nil {
			s.broken(ruleDone, "Send of %d messages returned %v, though nothing fails", n, err)
		}
		s.balance()
	}
	s.settle(ruleDone)
	return s.unseen()
}

// unseen returns why arrivals cannot be checked, "" when they can.
func (s *subject) unseen() string {
	if s.next == nil && s.kit.Received == nil {
		return "the harness has no Received, so only what Send says was checked"
	}
	return ""
}

func checkOrder(k *kit, t testing.TB) string {
	if !k.Ordered {
		return "the harness is not Ordered"
	}
	s := k.make(t, false)
	var want []string
	for _, n := range []int{1, 3, 20, 1, 40} {
		batch := s.messages(n)
		want = append(want, s.keys(batch)...)
		if err := s.send(context.Background(), batch); err != nil {
			s.broken(ruleDone, "Send of %d messages returned %v, though nothing fails", n, err)
		}
	}
	s.settle(ruleDone)
	want = slices.DeleteFunc(want, func(key string) bool { return key == "" })
	for _, end := range s.ends() {
		end = slices.DeleteFunc(end, func(key string) bool { return s.accepted[key] == 0 })
		if !slices.Equal(end, want) && len(end) == len(want) {
			s.broken(ruleOrder, "the messages arrived in this order:\n\t%s", quote(end))
		}
	}
	return s.unseen()
}

func checkConcurrent(k *kit, t testing.TB) string {
	s := k.make(t, false)
	const senders, sends = 8, 10
	batches := make([][]envelope.Message, senders*sends)
	for i := range batches {
		batches[i] = s.messages(1 + i%5)
	}
	s.within(ruleConcurrent, "one of several Sends", func() {
		var running sync.WaitGroup
		for g := range senders {
			running.Go(func() {
				for _, batch := range batches[g*sends : (g+1)*sends] {
					if err := s.sendHere(context.Background(), batch); err != nil {
						s.broken(ruleConcurrent, "Send beside others returned %v, though nothing fails", err)
					}
				}
			})
		}
		running.Wait()
	})
	s.settle(ruleConcurrent)
	return s.unseen()
}

func checkBatch(k *kit, t testing.TB) string {
	s := k.make(t, false)
	for _, n := range []int{1, 4, 33} {
		array := s.messages(n + 2) // an append to the batch would write into the last two
		before := slices.Clone(array)
		stop := func() {}
		if !k.blind { // the race detector sees a Send that changes the batch and changes it back
			stop = repeat(func() { _ = changed(array, before) })
			defer stop()
		}
		if err := s.send(context.Background(), array[:n]); err != nil {
			s.broken(ruleDone, "Send of %d messages returned %v, though nothing fails", n, err)
		}
		stop()
		if i := changed(array, before); i >= 0 {
			s.broken(ruleBatch, "Send of %d messages changed message %d from %s to %s", n, i, before[i].JSON(), array[i].JSON())
		}
	}
	s.settle(ruleDone)
	return ""
}

// changed returns the first index at which array is not as before, -1 when there is none.
func changed(array, before []envelope.Message) int {
	for i := range array {
		if !same(&array[i], &before[i]) {
			return i
		}
	}
	return -1
}

func same(a, b *envelope.Message) bool { return a.JSON() == b.JSON() && a.Meta() == b.Meta() }

func checkReuse(k *kit, t testing.TB) string {
	s := k.make(t, false)
	batch := s.messages(20)
	for range 10 {
		if err := s.send(context.Background(), batch); err != nil {
			s.broken(ruleDone, "Send returned %v, though nothing fails", err)
		}
		copy(batch, s.messages(len(batch)))
	}
	clear(batch)
	s.settle(ruleReuse)
	return s.unseen()
}
