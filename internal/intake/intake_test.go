package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A recorder keeps what it is sent and answers with err.
type recorder struct {
	got []envelope.Message
	err func(batch []envelope.Message) error
}

func (r *recorder) Send(_ context.Context, batch []envelope.Message) error {
	r.got = append(r.got, batch...)
	if r.err == nil {
		return nil
	}
	return r.err(batch)
}

func (r *recorder) types() (out []string) {
	for i := range r.got {
		out = append(out, r.got[i].Type())
	}
	return out
}

// lineDecoder reads a frame of lines: a line that begins with "!" cannot be read.
type lineDecoder struct{}

func (lineDecoder) AppendParse(batch []envelope.Message, frame string, _ int, meta envelope.Meta) ([]envelope.Message, error) {
	at := 0
	for line := range strings.Lines(frame) {
		if line[0] == '!' {
			return batch, &envelope.SyntaxError{Start: at, Offset: at + 1, Reason: "exclamation"}
		}
		m, err := envelope.Draft{Type: strings.TrimSpace(line)}.Seal()
		if err != nil {
			return batch, err
		}
		batch = append(batch, m.WithMeta(meta))
		meta.ID = meta.ID.Next()
		at += len(line)
	}
	return batch, nil
}

// wildDecoder reads nothing and returns err for every frame.
type wildDecoder struct{ err error }

func (d wildDecoder) AppendParse(batch []envelope.Message, _ string, _ int, _ envelope.Meta) ([]envelope.Message, error) {
	return batch, d.err
}

func TestFrame(t *testing.T) {
	for _, test := range []struct {
		name, frame string
		types       []string
		faults      []string
	}{
		{"one", "a", []string{"a"}, nil},
		{"several", "a\nb\nc\n", []string{"a", "b", "c"}, nil},
		{"bad first", "!x\na", []string{"a"}, []string{"!x"}},
		{"bad between", "a\n!x y\nb", []string{"a", "b"}, []string{"!x y"}},
		{"bad last", "a\n!x", []string{"a"}, []string{"!x"}},
		{"bad last with newline", "a\n!x\n", []string{"a"}, []string{"!x"}},
		{"blank lines after", "!x\n\n\r\n a", []string{"a"}, []string{"!x"}},
		{"many bad", "!1\n!2\na\n!3\n", []string{"a"}, []string{"!1", "!2", "!3"}},
		{"only bad", "!", nil, []string{"!"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := Intake{Name: "test", Decoder: lineDecoder{}}
			first := envelope.NewID()
			next := in.Frame(test.frame, len(test.frame), envelope.Meta{ID: first, Origin: "here"})
			if in.Len() != len(test.types)+len(test.faults) {
				t.Errorf("Len is %d", in.Len())
			}
			id := first
			for i := range in.batch {
				if got := in.batch[i].Meta(); got.ID != id {
					t.Errorf("message %d has ID %v, want %v", i, got.ID, id)
				}
				id = id.Next()
			}
			if next != id {
				t.Errorf("the next frame's ID is %v, want %v", next, id)
			}
			var faults []string
			for _, f := range in.faults {
				faults = append(faults, f.frame)
				if f.origin != "here" || !strings.Contains(f.err.Error(), "at offset 1") {
					t.Errorf("fault of %q with error %q; its offset should be within the piece", f.origin, f.err)
				}
			}
			if !slices.Equal(faults, test.faults) {
				t.Errorf("faults %q, want %q", faults, test.faults)
			}
			to := &recorder{}
			in.Offer(t.Context(), to)
			if got := to.types(); !slices.Equal(got, test.types) {
				t.Errorf("offered %q, want %q", got, test.types)
			}
		})
	}
}

func TestFrameBoundsFaults(t *testing.T) {
	frame := strings.Repeat("!\n", 1<<19)
	in := Intake{Name: "test", Decoder: lineDecoder{}}
	in.Frame(frame, len(frame), envelope.Meta{})
	if most := 8 + len(frame)/faultBytes; len(in.faults) != most {
		t.Errorf("a frame of %d bytes gave %d faults, want %d", len(frame), len(in.faults), most)
	}
	bytes := 0
	for _, f := range in.faults {
		bytes += len(f.frame) + 1
	}
	if bytes != len(frame)+1 {
		t.Errorf("the faults hold %d of %d bytes", bytes, len(frame))
	}
	in.Offer(t.Context(), &recorder{})
	if cap(in.faults) != 0 {
		t.Errorf("memory for %d faults was kept", cap(in.faults))
	}
}

// A decoder is anyone's: an error with a place outside the frame must do no harm.
func TestFrameWildErrors(t *testing.T) {
	for _, err := range []error{
		errors.New("no place"),
		&envelope.SyntaxError{Start: -3, Offset: -5},
		&envelope.SyntaxError{Start: 99, Offset: 99},
		&envelope.SyntaxError{Start: 4, Offset: 2},
		fmt.Errorf("wrapped: %w", &envelope.SyntaxError{Start: 1, Offset: 1 << 40}),
	} {
		in := Intake{Name: "test", Decoder: wildDecoder{err}}
		in.Frame("ab\ncd\n", 6, envelope.Meta{})
		if n := in.Len(); n < 1 || n > 3 {
			t.Errorf("%v: %d faults", err, n)
		}
	}
}

func TestOffer(t *testing.T) {
	refused := errors.New("full")
	secondFails := func(batch []envelope.Message) error {
		return &sink.BatchError{Failed: []sink.Failure{{Index: 1, Err: refused}}}
	}
	allFail := func([]envelope.Message) error { return refused }
	for _, test := range []struct {
		name    string
		to      *recorder
		dead    *recorder // nil: none
		letters int
		done    uint64
		dropped map[string]uint64
	}{
		{"taken", &recorder{}, &recorder{}, 1, 3, map[string]uint64{"deadletter": 1}},
		{"taken, no dead letter", &recorder{}, nil, 0, 3, map[string]uint64{"undecodable": 1}},
		{"one refused", &recorder{err: secondFails}, &recorder{}, 2, 2, map[string]uint64{"deadletter": 2}},
		{"all refused", &recorder{err: allFail}, &recorder{}, 4, 0, map[string]uint64{"deadletter": 4}},
		{"all refused, no dead letter", &recorder{err: allFail}, nil, 0, 0, map[string]uint64{"refused": 3, "undecodable": 1}},
		{"all refused twice", &recorder{err: allFail}, &recorder{err: allFail}, 4, 0, map[string]uint64{"refused": 3, "undecodable": 1}},
		{"dead letter takes some", &recorder{err: allFail}, &recorder{err: func(batch []envelope.Message) error {
			if len(batch) > 1 {
				return secondFails(batch)
			}
			return nil
		}}, 4, 0, map[string]uint64{"deadletter": 3, "refused": 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := Intake{Name: "test://here", Decoder: lineDecoder{}}
			if test.dead != nil {
				in.DeadLetter = test.dead
			}
			in.Frame("a\nb\nc\n!d", 8, envelope.Meta{Received: time.Now()})
			in.Offer(t.Context(), test.to)
			in.Offer(t.Context(), test.to) // nothing is left
			if got := test.to.types(); !slices.Equal(got, []string{"a", "b", "c"}) {
				t.Errorf("offered %q", got)
			}
			if test.dead != nil && len(test.dead.got) != test.letters {
				t.Errorf("the dead letter got %q", test.dead.types())
			}
			a := in.Account()
			if a.Name != "test://here" || a.Offered != 4 || a.Done != test.done || !a.Balanced() {
				t.Errorf("account %+v", a)
			}
			for reason, n := range test.dropped {
				if a.Dropped[reason] != n {
					t.Errorf("dropped %v, want %v", a.Dropped, test.dropped)
				}
			}
			if a.LastError == nil {
				t.Error("no last error")
			}
			if in.Len() != 0 {
				t.Errorf("Len is %d after Offer", in.Len())
			}
		})
	}
}

func TestOfferNamesItself(t *testing.T) {
	dead := &recorder{}
	in := Intake{Name: "test://here", Decoder: lineDecoder{}, DeadLetter: dead}
	in.Frame("a", 1, envelope.Meta{})
	in.Offer(t.Context(), &recorder{err: func([]envelope.Message) error { return errors.New("full") }})
	if len(dead.got) != 1 {
		t.Fatalf("%d letters", len(dead.got))
	}
	for name, want := range map[string]string{"sink": "test://here", "error": "full", "attempts": "1"} {
		if v, _ := dead.got[0].Field(name); v.String() != want {
			t.Errorf("fields.%s = %q, want %q", name, v.String(), want)
		}
	}
}

// A batch must not keep messages, and with them their slabs, alive after it was offered.
func TestOfferLetsGo(t *testing.T) {
	in := Intake{Name: "test", Decoder: lineDecoder{}}
	in.Frame("a\nb\n!c", 6, envelope.Meta{})
	in.Offer(t.Context(), &recorder{})
	for _, m := range in.batch[:cap(in.batch)] {
		if m.Type() != "" {
			t.Errorf("%s is still held", m.JSON())
		}
	}
	for _, f := range in.faults[:cap(in.faults)] {
		if f.frame != "" {
			t.Errorf("%q is still held", f.frame)
		}
	}
}

func TestDraining(t *testing.T) {
	type key struct{}
	t.Run("ends timeout after ctx", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
			drain, stop := Draining(ctx, time.Minute)
			defer stop()
			if drain.Value(key{}) != "kept" {
				t.Error("ctx's values are lost")
			}
			time.Sleep(time.Hour)
			cancel()
			time.Sleep(time.Minute - time.Nanosecond)
			synctest.Wait()
			if drain.Err() != nil {
				t.Error("it ended early")
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if drain.Err() == nil {
				t.Error("it did not end")
			}
		})
	})
	t.Run("ends when stopped", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			drain, stop := Draining(t.Context(), time.Minute)
			stop()
			if drain.Err() == nil {
				t.Error("it did not end")
			}
		})
	})
	t.Run("ctx ended before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			drain, stop := Draining(ctx, time.Minute)
			defer stop()
			synctest.Wait()
			if drain.Err() != nil {
				t.Error("it ended with ctx")
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if drain.Err() == nil {
				t.Error("it did not end")
			}
		})
	})
}
