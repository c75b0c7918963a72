package sinktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

const delay = 7 * time.Millisecond

// poison is a permanent error of one message: sinks that retry do not retry it.
func poison(i int) error {
	return sink.Permanent(sink.RetryAfter(fmt.Errorf("sinktest: message %d is poison", i), delay))
}

// keyed returns a Fault that fails the messages that arrive under a key of errs.
func keyed(errs map[string]error) Fault {
	return func(_ context.Context, batch []envelope.Message) error {
		return failEach(len(batch), func(i int) error { return errs[batch[i].JSON()] })
	}
}

func checkIndexes(k *kit, t testing.TB) string {
	s := k.make(t, false)
	for _, r := range s.next {
		for _, plan := range [][]int{
			{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8},
			{0, 8}, {1, 3, 5, 7}, {2, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8},
		} {
			batch := s.messages(9)
			keys := s.keys(batch)
			want := make(map[int]error)
			faults := make(map[string]error)
			for _, i := range plan {
				if keys[i] != "" {
					want[i] = poison(i)
					faults[keys[i]] = want[i]
				}
			}
			r.Plan(keyed(faults))
			s.expect(s.send(context.Background(), batch), len(batch), want)
			s.balance()
		}
		everything := sink.Permanent(errEndpoint)
		r.Plan(Fail(everything))
		batch := s.messages(9)
		want := make(map[int]error)
		for i, key := range s.keys(batch) {
			if key != "" {
				want[i] = everything
			}
		}
		s.expect(s.send(context.Background(), batch), len(batch), want)
		r.Plan(nil)
	}
	s.settle(ruleIndexes)
	return ""
}

// expect compares the error of a Send of n messages with what was planned.
func (s *subject) expect(err error, n int, want map[int]error) {
	s.Helper()
	failed := failures(err, n)
	if got, want := sorted(failed), sorted(want); !slices.Equal(got, want) {
		s.broken(ruleIndexes, "the messages at %v failed; Send's error names %v: %v", want, got, err)
		return
	}
	for i, e := range failed {
		if !errors.Is(e, want[i]) || sink.RetryDelay(e) != sink.RetryDelay(want[i]) {
			s.broken(ruleKept, "message %d failed with %q; Send's error has %q for it", i, want[i], e)
		}
		if sink.IsPermanent(e) != sink.IsPermanent(want[i]) {
			s.broken(rulePermanent, "message %d failed with a permanent error; Send's error for it is not: %q", i, e)
		}
	}
}

func sorted(m map[int]error) []int { return slices.Sorted(maps.Keys(m)) }

func checkPermanent(k *kit, t testing.TB) string {
	s := k.make(t, false)
	batch := s.messages(3)
	keys := s.keys(batch)
	s.plan(keyed(map[string]error{keys[0]: errEndpoint, keys[2]: poison(2)}))
	ctx, cancel := k.patient()
	defer cancel()
	failed := failures(s.send(ctx, batch), len(batch))
	if sink.IsPermanent(failed[0]) {
		s.broken(rulePermanent, "a passing error came back as permanent: %v", failed[0])
	}
	if keys[2] != "" && !sink.IsPermanent(failed[2]) {
		s.broken(rulePermanent, "a permanent error came back as %v", failed[2])
	}
	s.plan(nil)
	s.settle(ruleReported)
	return ""
}

func checkUnion(k *kit, t testing.TB) string {
	s := k.make(t, false)
	batch := s.messages(6)
	keys := s.keys(batch)
	passing := errors.New("sinktest: passing")
	s.next[0].Plan(keyed(map[string]error{keys[1]: poison(1), keys[3]: poison(3), keys[4]: poison(4)}))
	s.next[1].Plan(keyed(map[string]error{keys[0]: passing, keys[3]: poison(3), keys[4]: passing}))
	failed := failures(s.send(context.Background(), batch), len(batch))
	if got, want := sorted(failed), []int{0, 1, 3, 4}; !slices.Equal(got, want) {
		s.broken(ruleUnion, "one failed 1, 3 and 4 and the other 0, 3 and 4; Send's error names %v", got)
	}
	for i, want := range map[int]bool{0: false, 1: true, 3: true, 4: false} {
		if failed[i] != nil && sink.IsPermanent(failed[i]) != want {
			s.broken(rulePermanent, "message %d: permanent is %v for %q", i, !want, failed[i])
		}
	}
	for b, lacks := range [][]int{{1, 3, 4}, {0, 3, 4}} {
		got := count(s.next[b].JSON())
		for i, key := range keys {
			if !slices.Contains(lacks, i) && got[key] != 1 {
				s.broken(ruleUnion, "sink %d of the two got message %d %d times, though it would take it", b, i, got[key])
			}
		}
	}
	s.plan(nil)
	s.settle(ruleUnion)
	return ""
}

func checkRetries(k *kit, t testing.TB) string {
	s := k.make(t, false)
	s.plan(Times(20, FailEvery(3, errEndpoint)))
	for range 10 {
		if err := s.send(context.Background(), s.messages(7)); err != nil {
			s.broken(ruleRetried, "Send returned %v", err)
		}
	}
	s.arrive(ruleRetried)
	s.settle(ruleRetried)
	return ""
}

func checkPoison(k *kit, t testing.TB) string {
	s := k.make(t, false)
	batch := s.messages(7)
	bad := s.keys(batch[:1])[0]
	s.plan(keyed(map[string]error{bad: poison(0)}))
	if err := s.send(context.Background(), batch); err != nil {
		s.broken(rulePoison, "Send returned %v", err)
	}
	s.mu.Lock()
	delete(s.accepted, bad) // it must be counted, and arrive nowhere
	s.mu.Unlock()
	s.settle(rulePoison)
	if a, ok := s.account(); ok {
		dropped := uint64(0)
		for _, n := range a.Dropped {
			dropped += n
		}
		if dropped != 1 {
			s.broken(rulePoison, "the account of a sink whose next refused one message for good is %+v", a)
		}
	}
	return ""
}

func checkNext(k *kit, t testing.TB) string {
	s := k.make(t, false)
	for _, r := range s.next {
		if !leads(s.sink, r) {
			s.broken(ruleNext, "what the %T was given is not found from its Next", s.sink)
		}
	}
	return ""
}

func leads(from sink.Sink, to sink.Sink) bool {
	if from == to {
		return true
	}
	w, ok := from.(sink.Wrapper)
	return ok && slices.ContainsFunc(w.Next(), func(next sink.Sink) bool { return leads(next, to) })
}

func checkOwns(k *kit, t testing.TB) string {
	s := k.make(t, false)
	_ = s.send(context.Background(), s.messages(3))
	ctx, cancel := k.patient()
	defer cancel()
	_, down := s.shutdown(ctx)
	_, closed := s.close()
	for _, r := range s.next {
		if r.Closed() {
			s.broken(ruleOwns, "Shutdown or Close of the wrapper closed what it sends to")
		}
	}
	if !down && !closed {
		return "the sink has neither Shutdown nor Close"
	}
	return ""
}
