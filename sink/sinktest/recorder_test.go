package sinktest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func batch(from, n int) []envelope.Message {
	b := make([]envelope.Message, n)
	for i := range b {
		b[i] = message(from + i)
	}
	return b
}

func names(batch []envelope.Message) string {
	var names []string
	for i := range batch {
		v, _ := batch[i].Field("name")
		names = append(names, strings.TrimPrefix(v.String(), "sinktest."))
	}
	return strings.Join(names, " ")
}

func TestRecorderKeeps(t *testing.T) {
	var r Recorder
	for _, from := range []int{0, 3} {
		if err := r.Send(t.Context(), batch(from, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(r.All()); got != "0 1 2 3 4 5" {
		t.Errorf("All: %s", got)
	}
	if got := r.JSON(); len(got) != 6 || !strings.Contains(got[5], `"sinktest.5"`) {
		t.Errorf("JSON: %q", got)
	}
	if got := names(r.TakeAll()); got != "0 1 2 3 4 5" {
		t.Errorf("TakeAll: %s", got)
	}
	if r.Len() != 0 || len(r.All()) != 0 {
		t.Errorf("%d messages after TakeAll", r.Len())
	}
	if a := r.Account(); a.Done != 6 || !a.Balanced() || a.Name != "sinktest.Recorder" {
		t.Errorf("account %+v", a)
	}
}

func TestRecorderBorrows(t *testing.T) {
	keeper, borrower := &Recorder{}, &Recorder{Borrower: true}
	if keeper.Borrows() || !borrower.Borrows() {
		t.Errorf("Borrows: %v of a keeper, %v of a borrower", keeper.Borrows(), borrower.Borrows())
	}
	b := batch(0, 1)
	s := &subject{TB: t, kit: &kit{}}
	b[0] = s.own(&b[0])
	want := strings.Clone(b[0].JSON())
	_ = keeper.Send(t.Context(), b)
	_ = borrower.Send(t.Context(), b)
	scribble(b[0].JSON())
	if got := keeper.JSON()[0]; got == want {
		t.Error("what a keeper kept was not overwritten")
	}
	if got := borrower.JSON()[0]; got != want {
		t.Errorf("what a borrower cloned was overwritten: %s", got)
	}
}

func TestRecorderCloses(t *testing.T) {
	for name, end := range map[string]func(*Recorder) error{
		"Shutdown": func(r *Recorder) error { return r.Shutdown(context.Background()) },
		"Close":    (*Recorder).Close,
	} {
		var r Recorder
		_ = r.Send(t.Context(), batch(0, 2))
		if r.Closed() {
			t.Errorf("closed before %s", name)
		}
		if err := end(&r); err != nil || !r.Closed() {
			t.Errorf("%s: %v, closed %v", name, err, r.Closed())
		}
		if err := r.Send(t.Context(), batch(2, 1)); !errors.Is(err, sink.ErrClosed) {
			t.Errorf("Send after %s: %v", name, err)
		}
		if r.Len() != 2 {
			t.Errorf("%d messages after %s", r.Len(), name)
		}
	}
}

func TestRecorderWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Recorder
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() {
				if err := r.Wait(t.Context(), 4); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		_ = r.Send(t.Context(), batch(0, 3))
		synctest.Wait()
		_ = r.Send(t.Context(), batch(3, 1))
		waiting.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := r.Wait(ctx, 5)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "4 of 5") {
			t.Errorf("Wait for one too many: %v", err)
		}
	})
}

func TestFaults(t *testing.T) {
	broken := errors.New("broken")
	odd := func(m *envelope.Message) bool { return strings.ContainsAny(names([]envelope.Message{*m}), "13579") }
	for _, c := range []struct {
		name   string
		fault  Fault
		failed [][]int // of three Sends of four messages
		kept   string
	}{
		{"none", nil, [][]int{nil, nil, nil}, "0 1 2 3 4 5 6 7 8 9 10 11"},
		{"Fail", Fail(broken), [][]int{{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}}, ""},
		{"FailAt", FailAt(broken, 3, 0, 7), [][]int{{0, 3}, {0, 3}, {0, 3}}, "1 2 5 6 9 10"},
		{"FailEvery", FailEvery(5, broken), [][]int{nil, {0}, {1}}, "0 1 2 3 5 6 7 8 10 11"},
		{"FailEvery 0", FailEvery(0, broken), [][]int{nil, nil, nil}, "0 1 2 3 4 5 6 7 8 9 10 11"},
		{"FailIf", FailIf(odd, broken), [][]int{{1, 3}, {1, 3}, {1, 2, 3}}, "0 2 4 6 8"},
		{"Times", Times(2, Fail(broken)), [][]int{{0, 1, 2, 3}, {0, 1, 2, 3}, nil}, "8 9 10 11"},
		{"released Block", Block(closed()), [][]int{nil, nil, nil}, "0 1 2 3 4 5 6 7 8 9 10 11"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Recorder
			r.Plan(c.fault)
			for i, want := range c.failed {
				failed := failures(r.Send(t.Context(), batch(4*i, 4)), 4)
				if got := sorted(failed); !slices.Equal(got, want) {
					t.Errorf("Send %d failed at %v, want %v", i, got, want)
				}
				for _, err := range failed {
					if !errors.Is(err, broken) {
						t.Errorf("Send %d: %v", i, err)
					}
				}
			}
			if got := names(r.All()); got != c.kept {
				t.Errorf("kept %s, want %s", got, c.kept)
			}
			if a := r.Account(); !a.Balanced() || a.Offered != 12 || int(a.Done) != r.Len() {
				t.Errorf("account %+v", a)
			}
		})
	}
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestBlockEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Recorder
		r.Plan(Block(nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := r.Send(ctx, batch(0, 1)); !errors.Is(err, context.DeadlineExceeded) || r.Len() != 0 {
			t.Errorf("Send returned %v and kept %d messages", err, r.Len())
		}
	})
}

func TestPanic(t *testing.T) {
	var r Recorder
	r.Plan(Times(1, Panic("planned")))
	func() {
		defer func() {
			if v := recover(); v != "planned" {
				t.Errorf("recovered %v", v)
			}
		}()
		_ = r.Send(t.Context(), batch(0, 1))
	}()
	if err := r.Send(t.Context(), batch(1, 1)); err != nil || names(r.All()) != "1" {
		t.Errorf("after a panic Send returned %v and kept %s", err, names(r.All()))
	}
}

func TestRecorderRefusesZero(t *testing.T) {
	var r Recorder
	r.Plan(FailAt(errors.New("broken"), 0))
	b := batch(0, 3)
	b[1] = envelope.Message{}
	failed := failures(r.Send(t.Context(), b), len(b))
	if got := sorted(failed); !slices.Equal(got, []int{0, 1}) || sink.IsPermanent(failed[0]) || !sink.IsPermanent(failed[1]) {
		t.Errorf("failed: %v", failed)
	}
	if names(r.All()) != "2" {
		t.Errorf("kept %s", names(r.All()))
	}
}
