package sink_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestEachConforms(t *testing.T) {
	var to *sinktest.Recorder
	sinktest.Run(t, sinktest.Harness{
		New: func(testing.TB) sink.Sink {
			to = new(sinktest.Recorder)
			return sink.Each(func(ctx context.Context, m envelope.Message) error {
				for _, err := range sink.Failures(to.Send(ctx, []envelope.Message{m}), 1) {
					return err
				}
				return nil
			})
		},
		Received: func(testing.TB) []string { return to.JSON() },
		Ordered:  true,
	})
}

func TestWrappersConform(t *testing.T) {
	odd := func(m *envelope.Message) bool {
		name, _ := m.Field("name")
		last := name.String()
		return last != "" && strings.ContainsRune("13579", rune(last[len(last)-1]))
	}
	const first = "what second refuses for good, first may take the next time"
	wrappers := map[string]sinktest.Harness{
		"filter nothing": {Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return sink.Filter(next, func(*envelope.Message) bool { return true })
		}},
		"filter odd": {
			Wrap: func(_ testing.TB, next sink.Sink) sink.Sink { return sink.Filter(next, odd) },
			Key: func(m *envelope.Message) string {
				if !odd(m) {
					return ""
				}
				return m.JSON()
			},
		},
		"map": {Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return sink.Map(next, func(m envelope.Message) (envelope.Message, error) { return m, nil })
		}},
		"failover first": {Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return sink.Failover(next, &fake{borrows: true, whole: func(context.Context, int) error { return errDown }})
		}},
		"failover second": {
			Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
				return sink.Failover(&fake{borrows: true, whole: func(context.Context, int) error { return errDown }}, next)
			},
			Except: map[string]string{
				"permanent":    first,
				"indexes":      first,
				"zero-message": first,
			},
		},
		"tee": {Fan: func(_ testing.TB, first, second sink.Sink) sink.Sink { return sink.Tee(first, second) }},
		"retry once": {Wrap: func(_ testing.TB, next sink.Sink) sink.Sink {
			return sink.Retry(next, sink.Backoff{}, sink.GiveUp{Attempts: 1})
		}},
	}
	for name, harness := range wrappers {
		harness.Ordered = true
		t.Run(name, func(t *testing.T) { sinktest.Run(t, harness) })
	}
}

func TestQueueConforms(t *testing.T) {
	backoff := sink.Backoff{Min: time.Millisecond, Max: 10 * time.Millisecond}
	queues := map[string]sink.QueueOptions{
		"block":  {},
		"small":  {MaxMessages: 16},
		"single": {BatchMessages: 1},
		"oldest": {Full: sink.DropOldest},
		"newest": {Full: sink.DropNewest},
		"shed":   {Full: sink.ShedBySeverity},
	}
	for name, options := range queues {
		options.Backoff = backoff
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{
				Wrap: func(t testing.TB, next sink.Sink) sink.Sink {
					return queue(t, next, &options)
				},
				Asynchronous: true,
				Ordered:      true,
			})
		})
	}
}

func queue(tb testing.TB, next sink.Sink, options *sink.QueueOptions) *sink.Queue {
	tb.Helper()
	q, err := sink.NewQueue(next, options)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}
