package sink_test

import (
	"context"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// Nothing is allocated for a message on the way through, once the scratch memory is there. A garbage collection may empty
// the pools in between, so the limit is an allocation a batch, not none at all.
func TestNothingIsAllocatedForAMessage(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	const size = 256
	batch := numbered(t, size)
	half := func(m *envelope.Message) bool { return len(m.Payload()) != 2 }
	for name, s := range map[string]sink.Sink{
		"each":           sink.Each(func(context.Context, envelope.Message) error { return nil }),
		"tee":            sink.Tee(sink.Discard, sink.Discard, sink.Discard),
		"filter":         sink.Filter(sink.Discard, any1),
		"filter some":    sink.Filter(sink.Discard, half),
		"map":            sink.Map(sink.Discard, same),
		"failover":       sink.Failover(sink.Discard, sink.Discard),
		"retry":          sink.Retry(sink.Discard, sink.Backoff{}, sink.GiveUp{}),
		"tee of filters": sink.Tee(sink.Filter(sink.Discard, half), sink.Map(sink.Discard, same)),
	} {
		t.Run(name, func(t *testing.T) {
			allocs := testing.AllocsPerRun(200, func() {
				if err := s.Send(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			})
			if allocs > 1 {
				t.Errorf("%v allocations for a batch of %d", allocs, size)
			}
		})
	}
}
