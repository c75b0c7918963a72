package sourcetest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/sourcetest"
)

// A lines is a source that is being written: it reads one envelope a line. It does not keep the whole contract yet.
type lines chan string

func (l lines) Run(ctx context.Context, to sink.Sink) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-l:
			m, err := envelope.Parse([]byte(line))
			if err != nil {
				return err
			}
			_ = to.Send(ctx, []envelope.Message{m})
		}
	}
}

// newLines makes a source that the kit can feed.
func newLines(testing.TB, sourcetest.Options) (sourcetest.Subject, error) {
	l := make(lines, 64)
	feed := func(frames ...string) error {
		for _, frame := range frames {
			l <- frame
		}
		return nil
	}
	return sourcetest.Subject{Source: l, Feed: feed}, nil
}

// In its package's tests a source is held to the contract by one call:
//
//	func TestContract(t *testing.T) {
//		sourcetest.Run(t, sourcetest.Harness{New: newLines})
//	}
//
// Before that it is worth seeing that the harness is right: what it feeds comes out.
func Example() {
	harness := sourcetest.Harness{New: newLines}
	subject, err := harness.New(nil, sourcetest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	show := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.Type(), m.Payload())
		cancel()
		return nil
	})
	if err := subject.Feed(`{"type":"timer","payload":"38"}`); err != nil {
		fmt.Println(err)
	}
	if err := subject.Source.Run(ctx, show); err != nil {
		fmt.Println(err)
	}
	// Output: timer 38
}
