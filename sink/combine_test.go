package sink_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

var (
	errA = errors.New("a")
	errB = errors.New("b")
	bad  = sink.Permanent(errors.New("bad"))
)

func any1(*envelope.Message) bool                       { return true }
func same(m envelope.Message) (envelope.Message, error) { return m, nil }
func whole(err error) func(context.Context, int) error {
	return func(context.Context, int) error { return err }
}
func only(err error, payloads ...string) func(int, string) error {
	return func(_ int, payload string) error {
		if slices.Contains(payloads, payload) {
			return err
		}
		return nil
	}
}

func TestNilArgumentsPanic(t *testing.T) {
	next := new(fake)
	tests := map[string]func(){
		"sink: Each: nil function":   func() { sink.Each(nil) },
		"sink: Tee: nil sink 1":      func() { sink.Tee(next, (*fake)(nil)) },
		"sink: Tee: nil sink 0":      func() { sink.Tee(nil) },
		"sink: Filter: nil next":     func() { sink.Filter(nil, any1) },
		"sink: Filter: nil keep":     func() { sink.Filter(next, nil) },
		"sink: Map: nil next":        func() { sink.Map((*fake)(nil), same) },
		"sink: Map: nil function":    func() { sink.Map(next, nil) },
		"sink: Failover: nil first":  func() { sink.Failover(nil, next) },
		"sink: Failover: nil second": func() { sink.Failover(next, nil) },
		"sink: Retry: nil next":      func() { sink.Retry(nil, sink.Backoff{}, sink.GiveUp{}) },
		"sink: Retry: Backoff.Min is negative: -1ns\nGiveUp.Attempts is negative: -2": func() {
			sink.Retry(next, sink.Backoff{Min: -1}, sink.GiveUp{Attempts: -2})
		},
	}
	for want, build := range tests {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("the panic is %v", got)
				}
			}()
			build()
		})
	}
}

func TestEach(t *testing.T) {
	var got []string
	s := sink.Each(func(_ context.Context, m envelope.Message) error {
		got = append(got, m.Payload())
		return only(errA, "1", "3")(0, m.Payload())
	})
	err := s.Send(t.Context(), numbered(t, 5))
	if want := (map[int]string{1: "a", 3: "a"}); !maps.Equal(failures(err, 5), want) {
		t.Errorf("the failures are %v, want %v", failures(err, 5), want)
	}
	if want := []string{"0", "1", "2", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("the function got %v, want %v", got, want)
	}
	if a := account(t, s); a.Done != 3 || a.Refused != 2 || !strings.HasPrefix(a.Name, "each sink_test.TestEach") {
		t.Errorf("the account is %+v", a)
	}
	if sink.Borrows(s) {
		t.Error("it says that it borrows, which it cannot know")
	}
}

func TestTeeUnusual(t *testing.T) {
	one := new(fake)
	if sink.Tee() != sink.Discard || sink.Tee(one) != sink.Sink(one) {
		t.Error("Tee of none is not Discard, or Tee of one is not that one")
	}
}

func TestTee(t *testing.T) {
	tests := []struct {
		name  string
		sinks []*fake
		want  map[int]string
	}{
		{"all take all", []*fake{{}, {}, {}}, map[int]string{}},
		{"first fails whole", []*fake{{whole: whole(errA)}, {}}, map[int]string{0: "a", 1: "a", 2: "a"}},
		{"two fail whole", []*fake{{whole: whole(errA)}, {}, {whole: whole(errB)}}, map[int]string{0: "a\nb", 1: "a\nb", 2: "a\nb"}},
		{"one in part", []*fake{{}, {answer: only(errB, "1")}}, map[int]string{1: "b"}},
		{"both in part", []*fake{{answer: only(errA, "0", "1")}, {answer: only(errB, "1", "2")}}, map[int]string{0: "a", 1: "a\nb", 2: "b"}},
		{"whole and part", []*fake{{answer: only(errA, "1")}, {whole: whole(errB)}}, map[int]string{0: "b", 1: "a\nb", 2: "b"}},
		{"only in the last", []*fake{{answer: only(errA, "2")}, {answer: only(errB, "0")}}, map[int]string{0: "b", 2: "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var next []sink.Sink
			for _, s := range test.sinks {
				next = append(next, s)
			}
			s := sink.Tee(next...)
			err := s.Send(t.Context(), numbered(t, 3))
			if got := failures(err, 3); !maps.Equal(got, test.want) {
				t.Errorf("the failures are %v, want %v", got, test.want)
			}
			for i, f := range test.sinks {
				if len(f.seen()) != 1 {
					t.Errorf("sink %d was tried %d times", i, len(f.seen()))
				}
			}
			if a := account(t, s); a.Offered != 3 || a.Refused != uint64(len(test.want)) {
				t.Errorf("the account is %+v", a)
			}
		})
	}
}

func TestTeeKeepsItsOwnList(t *testing.T) {
	first, second := new(fake), new(fake)
	list := []sink.Sink{first, second}
	s := sink.Tee(list...)
	list[0] = nil
	s.(sink.Wrapper).Next()[1] = nil
	if err := s.Send(t.Context(), numbered(t, 1)); err != nil || len(second.taken()) != 1 {
		t.Error("the list that was given, or that Next returned, is the Tee's own")
	}
}

func TestFilter(t *testing.T) {
	calls := 0
	next := &fake{answer: only(errA, "2", "6")}
	s := sink.Filter(next, func(m *envelope.Message) bool { calls++; return strings.Contains("0246", m.Payload()) })
	err := s.Send(t.Context(), numbered(t, 8))
	if got, want := failures(err, 8), (map[int]string{2: "a", 6: "a"}); !maps.Equal(got, want) {
		t.Errorf("the failures are %v, want %v", got, want)
	}
	if a := account(t, s); a.Offered != 8 || a.Done != 2 || a.Refused != 2 || a.Dropped["filtered"] != 4 || a.Name != "filter -> fake" {
		t.Errorf("the account is %+v", a)
	}
	if calls != 8 {
		t.Errorf("keep was called %d times for 8 messages", calls)
	}
	next.answer, next.whole = nil, whole(errB)
	err = s.Send(t.Context(), batchOf(t, "1", "2", "3"))
	if got, want := failures(err, 3), (map[int]string{1: "b"}); !maps.Equal(got, want) {
		t.Errorf("the failures are %v, want %v", got, want)
	}
	before := len(next.seen())
	if err := s.Send(t.Context(), batchOf(t, "1", "3")); err != nil || len(next.seen()) != before {
		t.Errorf("a batch of which nothing is kept: %v, next called: %v", err, len(next.seen()) > before)
	}
}

func TestMap(t *testing.T) {
	next := &fake{answer: only(errB, "0!", "4!")}
	s := sink.Map(next, func(m envelope.Message) (envelope.Message, error) {
		if m.Payload() == "2" {
			return m, errA
		}
		return batchOf(t, m.Payload()+"!")[0], nil
	})
	batch := numbered(t, 6)
	err := s.Send(t.Context(), batch)
	if got, want := failures(err, 6), (map[int]string{0: "b", 2: "a", 4: "b"}); !maps.Equal(got, want) {
		t.Errorf("the failures are %v, want %v", got, want)
	}
	if got, want := next.taken(), []string{"1!", "3!", "5!"}; !slices.Equal(got, want) {
		t.Errorf("next took %v, want %v", got, want)
	}
	if a := account(t, s); a.Done != 3 || a.Refused != 3 || a.Name != "map -> fake" {
		t.Errorf("the account is %+v", a)
	}
	if batch[1].Payload() != "1" {
		t.Error("the caller's batch was changed")
	}
	if err := s.Send(t.Context(), batchOf(t, "2")); err == nil || len(next.seen()) != 1 {
		t.Errorf("a batch of which nothing is made: %v, next called %d times", err, len(next.seen()))
	}
}

func TestFailover(t *testing.T) {
	tests := []struct {
		name          string
		first, second fake
		want          map[int]string
		gotSecond     []string
	}{
		{name: "first takes all"},
		{
			name: "first is down", first: fake{whole: whole(errA)},
			gotSecond: []string{"0", "1", "2"},
		},
		{
			name: "closed is no reason to stop", first: fake{whole: whole(sink.ErrClosed)},
			gotSecond: []string{"0", "1", "2"},
		},
		{
			name: "what is permanent is not tried again", first: fake{answer: only(bad, "1")},
			want: map[int]string{1: "bad"},
		},
		{
			name: "second gets what failed", first: fake{answer: only(errA, "0", "2")},
			gotSecond: []string{"0", "2"},
		},
		{
			name: "both fail", first: fake{answer: only(errA, "0", "2")}, second: fake{answer: only(errB, "2")},
			want: map[int]string{2: "a\nb"}, gotSecond: []string{"0"},
		},
		{
			name: "both are down", first: fake{whole: whole(errA)}, second: fake{whole: whole(errB)},
			want: map[int]string{0: "a\nb", 1: "a\nb", 2: "a\nb"},
		},
		{
			name: "some of each", second: fake{answer: only(errB, "2")},
			first: fake{answer: func(call int, payload string) error {
				return errors.Join(only(bad, "0")(call, payload), only(errA, "1", "2")(call, payload))
			}},
			want: map[int]string{0: "bad", 2: "a\nb"}, gotSecond: []string{"1"},
		},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			s := sink.Failover(&test.first, &test.second)
			err := s.Send(t.Context(), numbered(t, 3))
			if got := failures(err, 3); !maps.Equal(got, test.want) {
				t.Errorf("the failures are %v, want %v", got, test.want)
			}
			if got := test.second.taken(); !slices.Equal(got, test.gotSecond) {
				t.Errorf("second took %v, want %v", got, test.gotSecond)
			}
			a := account(t, s)
			if a.Offered != 3 || a.Refused != uint64(len(test.want)) || a.Name != "failover -> fake, fake" {
				t.Errorf("the account is %+v", a)
			}
			if failed := test.first.whole != nil || test.first.answer != nil; failed != (a.LastError != nil) {
				t.Errorf("the last error is %v", a.LastError)
			}
		})
	}
}

func TestDiscard(t *testing.T) {
	if err := sink.Discard.Send(t.Context(), numbered(t, 3)); err != nil {
		t.Error(err)
	}
	if !sink.Borrows(sink.Discard) {
		t.Error("it keeps nothing and does not say so")
	}
}

func TestBorrowsIsTheAndOfWhatTheyHold(t *testing.T) {
	yes, no := &fake{borrows: true}, &fake{}
	build := map[string]func(a, b sink.Sink) sink.Sink{
		"tee":      func(a, b sink.Sink) sink.Sink { return sink.Tee(a, b) },
		"failover": sink.Failover,
		"filter, map and retry": func(a, b sink.Sink) sink.Sink {
			retry := sink.Retry(b, sink.Backoff{}, sink.GiveUp{})
			return sink.Tee(sink.Filter(a, any1), sink.Map(retry, same))
		},
	}
	for name, build := range build {
		for _, test := range []struct {
			a, b sink.Sink
			want bool
		}{{yes, yes, true}, {yes, no, false}, {no, yes, false}, {sink.Each(func(context.Context, envelope.Message) error { return nil }), yes, false}} {
			if got := sink.Borrows(build(test.a, test.b)); got != test.want {
				t.Errorf("%s of %v and %v: %v", name, sink.Borrows(test.a), sink.Borrows(test.b), got)
			}
		}
	}
	if q := queue(t, no, nil); !sink.Borrows(q) {
		t.Error("a queue holds clones and does not say so")
	} else {
		closed(t, q)
	}
	s := sink.Filter(yes, any1)
	yes.borrows = false
	if !sink.Borrows(s) {
		t.Error("the answer changed after construction")
	}
}

func TestNextIsEverySinkItMaySendTo(t *testing.T) {
	a, b := new(fake), new(fake)
	q := queue(t, a, &sink.QueueOptions{DeadLetter: b})
	defer closed(t, q)
	plain := queue(t, a, nil)
	defer closed(t, plain)
	tests := map[string]struct {
		s    sink.Sink
		want []sink.Sink
	}{
		"tee":                    {sink.Tee(a, b, a), []sink.Sink{a, b, a}},
		"filter":                 {sink.Filter(a, any1), []sink.Sink{a}},
		"map":                    {sink.Map(a, same), []sink.Sink{a}},
		"failover":               {sink.Failover(a, b), []sink.Sink{a, b}},
		"retry":                  {sink.Retry(a, sink.Backoff{}, sink.GiveUp{}), []sink.Sink{a}},
		"queue":                  {plain, []sink.Sink{a}},
		"queue with dead letter": {q, []sink.Sink{a, b}},
	}
	for name, test := range tests {
		if got := test.s.(sink.Wrapper).Next(); !slices.Equal(got, test.want) {
			t.Errorf("%s: Next is %v, want %v", name, got, test.want)
		}
	}
}

func TestNamesSayWhereItLeads(t *testing.T) {
	next := func(i int) sink.Sink { return &fake{name: fmt.Sprint("s", i)} }
	for want, s := range map[string]sink.Sink{
		"tee -> s0, s1":                 sink.Tee(next(0), next(1)),
		"tee -> s0, s1, s2, s3, 2 more": sink.Tee(next(0), next(1), next(2), next(3), next(4), next(5)),
		"filter -> map -> s0":           sink.Filter(sink.Map(next(0), same), any1),
		"retry -> sink.discard":         sink.Retry(sink.Discard, sink.Backoff{}, sink.GiveUp{}),
	} {
		if got := account(t, s).Name; got != want {
			t.Errorf("the name is %q, want %q", got, want)
		}
	}
}
