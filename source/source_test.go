package source_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// run is a source made of a function.
type run func(ctx context.Context, to sink.Sink) error

func (f run) Run(ctx context.Context, to sink.Sink) error { return f(ctx, to) }

type discard struct{}

func (discard) Send(context.Context, []envelope.Message) error { return nil }

// endless runs until ctx ends.
func endless(ctx context.Context, _ sink.Sink) error {
	<-ctx.Done()
	return nil
}

func exhausted(context.Context, sink.Sink) error { return nil }

func TestRunEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error)
		go func() { returned <- source.Run(ctx, discard{}, run(endless), run(exhausted), run(endless)) }()
		synctest.Wait()
		select {
		case err := <-returned:
			t.Fatalf("Run returned %v when one source was exhausted", err)
		default:
		}
		cancel()
		if err := <-returned; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestRunErrorEndsAll(t *testing.T) {
	errFirst, errSecond := errors.New("first"), errors.New("second")
	synctest.Test(t, func(t *testing.T) {
		err := source.Run(t.Context(), discard{},
			run(endless),
			run(func(context.Context, sink.Sink) error { return errFirst }),
			run(func(ctx context.Context, _ sink.Sink) error { <-ctx.Done(); return errSecond }),
		)
		if !errors.Is(err, errFirst) || !errors.Is(err, errSecond) {
			t.Errorf("Run returned %v, want both errors", err)
		}
	})
}

func TestRunReturnsWhenExhausted(t *testing.T) {
	if err := source.Run(t.Context(), discard{}, run(exhausted), run(exhausted)); err != nil {
		t.Error(err)
	}
}

func TestRunGivesEverySourceTheSink(t *testing.T) {
	to := &discard{}
	err := source.Run(t.Context(), to, run(func(_ context.Context, got sink.Sink) error {
		if got != sink.Sink(to) {
			t.Errorf("the source got %v", got)
		}
		return nil
	}))
	if err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		to      sink.Sink
		sources []source.Source
		want    string
	}{
		{"nil sink", nil, []source.Source{run(exhausted)}, "nil sink"},
		{"typed-nil sink", (*discard)(nil), []source.Source{run(exhausted)}, "nil sink"},
		{"no source", discard{}, nil, "no source"},
		{"nil source", discard{}, []source.Source{run(exhausted), nil}, "source 1 is nil"},
		{"typed-nil source", discard{}, []source.Source{run(nil)}, "source 0 is nil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := source.Run(t.Context(), test.to, test.sources...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Run returned %v, want an error with %q", err, test.want)
			}
		})
	}
}
