package sink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// Sinks compose: timers wait in a queue before a sink that takes one message at a time, and what it refuses for good goes
// to another.
func Example() {
	ctx := context.Background()
	graph := sink.Each(func(_ context.Context, m envelope.Message) error {
		if m.Payload() == "" {
			return sink.Permanent(errors.New("a timer without a value"))
		}
		fmt.Println("timer", m.Payload())
		return nil
	})
	morgue := sink.Each(func(_ context.Context, m envelope.Message) error {
		why, _ := m.Field("error")
		fmt.Println(m.Type()+":", why)
		return nil
	})
	queue, err := sink.NewQueue(graph, &sink.QueueOptions{Full: sink.DropOldest, DeadLetter: morgue})
	if err != nil {
		fmt.Println(err)
		return
	}
	timers := sink.Filter(queue, func(m *envelope.Message) bool { return m.Type() == envelope.TypeTimer })

	batch := batchFrom(
		envelope.Draft{Type: envelope.TypeTimer, Payload: "25"},
		envelope.Draft{Type: envelope.TypeLog, Payload: "hello"},
		envelope.Draft{Type: envelope.TypeTimer},
	)
	if err := timers.Send(ctx, batch); err != nil {
		fmt.Println(err)
	}
	fmt.Println("error:", queue.Shutdown(ctx))
	// Output:
	// timer 25
	// metlog.deadletter: a timer without a value
	// error: <nil>
}

func batchFrom(drafts ...envelope.Draft) (batch []envelope.Message) {
	for _, d := range drafts {
		m, err := d.Seal()
		if err != nil {
			panic(err)
		}
		batch = append(batch, m)
	}
	return batch
}

func oneTimer() []envelope.Message {
	return batchFrom(envelope.Draft{Type: envelope.TypeTimer, Payload: "25"})
}

var ctx = context.Background()

func ExampleEach() {
	s := sink.Each(func(_ context.Context, m envelope.Message) error {
		if m.Severity() == envelope.Debug {
			return sink.Permanent(errors.New("too much detail"))
		}
		fmt.Println(m.Payload())
		return nil
	})
	err := s.Send(ctx, batchFrom(
		envelope.Draft{Payload: "one"},
		envelope.Draft{Payload: "two", Severity: envelope.Debug},
		envelope.Draft{Payload: "three"},
	))
	fmt.Println(err)
	// Output:
	// one
	// three
	// sink: message 1 of the batch: too much detail
}

func ExampleFailures() {
	err := &sink.BatchError{Failed: []sink.Failure{{Index: 1, Err: errors.New("too long")}}}
	for i, err := range sink.Failures(err, 3) {
		fmt.Println(i, err)
	}
	for i, err := range sink.Failures(errors.New("connection refused"), 2) {
		fmt.Println(i, err)
	}
	// Output:
	// 1 too long
	// 0 connection refused
	// 1 connection refused
}

func ExamplePermanent() {
	unreadable := sink.Permanent(errors.New("no number"))
	down := errors.New("connection refused")
	fmt.Println(sink.IsPermanent(fmt.Errorf("timer: %w", unreadable)))
	fmt.Println(sink.IsPermanent(errors.Join(unreadable, down)))
	// Output:
	// true
	// false
}

func ExampleRetryAfter() {
	err := fmt.Errorf("sentry: %w", sink.RetryAfter(errors.New("429 Too Many Requests"), time.Minute))
	fmt.Println(err)
	fmt.Println(sink.RetryDelay(err))
	// Output:
	// sentry: 429 Too Many Requests (not again within 1m0s)
	// 1m0s
}

func ExampleTee() {
	print := func(name string) sink.Sink {
		return sink.Each(func(_ context.Context, m envelope.Message) error {
			_, err := fmt.Println(name, m.Payload())
			return err
		})
	}
	fmt.Println(sink.Tee(print("first"), print("second")).Send(ctx, oneTimer()))
	// Output:
	// first 25
	// second 25
	// <nil>
}

func ExampleFilter() {
	bad := func(m *envelope.Message) bool { return m.Severity() <= envelope.Warning }
	s := sink.Filter(sink.Discard, bad)
	err := s.Send(ctx, batchFrom(envelope.Draft{Severity: envelope.Error}, envelope.Draft{}, envelope.Draft{}))
	account := s.(sink.Accounter).Account()
	fmt.Println(err, account.Done, account.Dropped)
	// Output: <nil> 1 map[filtered:2]
}

func ExampleMap() {
	print := sink.Each(func(_ context.Context, m envelope.Message) error {
		password, ok := m.Field("password")
		fmt.Printf("%q %v\n", password, ok)
		return nil
	})
	redacted := sink.Map(print, func(m envelope.Message) (envelope.Message, error) { return m.Without("password") })
	fmt.Println(redacted.Send(ctx, batchFrom(envelope.Draft{Fields: []slog.Attr{slog.String("password", "secret")}})))
	// Output:
	// "" false
	// <nil>
}

func ExampleFailover() {
	down := sink.Each(func(context.Context, envelope.Message) error { return errors.New("connection refused") })
	spare := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println("spare:", m.Payload())
		return nil
	})
	s := sink.Failover(down, spare)
	fmt.Println(s.Send(ctx, oneTimer()))
	fmt.Println(s.(sink.Accounter).Account().LastError)
	// Output:
	// spare: 25
	// <nil>
	// sink: message 0 of the batch: connection refused
}

func ExampleRetry() {
	attempts := 0
	flaky := sink.Each(func(context.Context, envelope.Message) error {
		if attempts++; attempts < 3 {
			return errors.New("connection reset")
		}
		return nil
	})
	s := sink.Retry(flaky, sink.Backoff{Min: time.Millisecond}, sink.GiveUp{Attempts: 5, Age: time.Minute})
	fmt.Println(s.Send(ctx, oneTimer()), attempts)
	// Output: <nil> 3
}

func ExampleCounters() {
	var books sink.Counters
	_ = books.Sent(10, nil)
	_ = books.Sent(2, errors.New("connection refused"))
	books.Drop(1, "sampled", nil)
	a := books.Account("statsd udp://127.0.0.1:8125")
	fmt.Println(a.Name, a.Offered, a.Done, a.Refused, a.Dropped, a.LastError, a.Balanced())
	// Output: statsd udp://127.0.0.1:8125 13 10 2 map[sampled:1] connection refused true
}

// What a queue could not deliver before it had to end is not lost without a word.
func ExampleQueue_Close() {
	down := sink.Each(func(context.Context, envelope.Message) error { return errors.New("connection refused") })
	q, err := sink.NewQueue(down, &sink.QueueOptions{Backoff: sink.Backoff{Min: time.Minute}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q.Send(ctx, oneTimer()))
	var left *sink.LeftError
	if errors.As(q.Close(), &left) {
		fmt.Println(left.Messages, "left")
	}
	fmt.Println(q.Account().Dropped)
	// Output:
	// <nil>
	// 1 left
	// map[shutdown:1]
}

func ExampleQueue_Shutdown() {
	q, err := sink.NewQueue(sink.Discard, &sink.QueueOptions{MaxMessages: 10_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(q.Shutdown(grace))
	fmt.Println(q.Send(grace, oneTimer()))
	// Output:
	// <nil>
	// sink: closed
}
