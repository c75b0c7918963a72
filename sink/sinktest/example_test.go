package sinktest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A Recorder stands in for an endpoint; its plan says how that one behaves.
func ExampleRecorder() {
	var endpoint sinktest.Recorder
	endpoint.Plan(sinktest.FailAt(sink.Permanent(errors.New("too large")), 1))

	first, _ := envelope.Draft{Type: "deploy", Payload: "v41"}.Seal()
	second, _ := envelope.Draft{Type: "deploy", Payload: "v42"}.Seal()
	err := endpoint.Send(context.Background(), []envelope.Message{first, second})
	fmt.Println(err)

	for _, m := range endpoint.All() {
		fmt.Println("arrived:", m.Payload())
	}
	// Output:
	// sink: message 1 of the batch: too large
	// arrived: v41
}

// Faults compose, and any function is one.
func ExampleFault() {
	busy := sink.RetryAfter(errors.New("busy"), 0)
	var endpoint sinktest.Recorder
	endpoint.Plan(sinktest.Times(2, sinktest.Fail(busy)))

	m, _ := envelope.Draft{Type: "deploy"}.Seal()
	for try := 1; ; try++ {
		if err := endpoint.Send(context.Background(), []envelope.Message{m}); err == nil {
			fmt.Println("accepted at try", try)
			return
		}
	}
	// Output: accepted at try 3
}

// A shouter is a wrapper: it turns payloads into upper case.
type shouter struct {
	sink.Counters
	next sink.Sink
}

func (s *shouter) Account() sink.Account { return s.Counters.Account("shouter") }
func (s *shouter) Next() []sink.Sink     { return []sink.Sink{s.next} }

func (s *shouter) Send(ctx context.Context, batch []envelope.Message) error {
	loud := make([]envelope.Message, len(batch))
	for i := range batch {
		loud[i] = shout(&batch[i])
	}
	return s.Sent(len(batch), s.next.Send(ctx, loud))
}

func shout(m *envelope.Message) envelope.Message {
	if m.JSON() == "{}" {
		return *m
	}
	loud, err := envelope.Parse([]byte(strings.Replace(m.JSON(), `"hello `, `"HELLO `, 1)))
	if err != nil {
		panic(err)
	}
	return loud
}

func greeting(i int) envelope.Message {
	m, err := envelope.Draft{Type: "greeting", Payload: fmt.Sprintf("hello %d", i)}.Seal()
	if err != nil {
		panic(err)
	}
	return m
}

// The harness of a wrapper says how to wrap, and what next must get for each message.
func TestShouter(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		Wrap:    func(_ testing.TB, next sink.Sink) sink.Sink { return &shouter{next: next} },
		Message: greeting,
		Key: func(m *envelope.Message) string {
			loud := shout(m)
			return loud.JSON()
		},
		Ordered: true,
	})
}
