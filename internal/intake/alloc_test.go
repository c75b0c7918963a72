package intake

import (
	"context"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

type discard struct{}

func (discard) Send(context.Context, []envelope.Message) error { return nil }

func TestFrameAndOfferDoNotAllocate(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	const frame = `{"severity": 6, "timestamp": "2013-03-01T08:00:00.000417", "metlog_hostname": "web3", "fields": {"rate": 1.0, "name": "shop.views.cart"}, "metlog_pid": 411, "logger": "shop", "type": "timer", "payload": "38", "env_version": "0.8"}`
	in := Intake{Name: "test", Decoder: new(envelope.Parser)}
	meta := envelope.Meta{ID: envelope.NewID(), Origin: "here"}
	allocs := testing.AllocsPerRun(100, func() {
		for range 256 {
			meta.ID = in.Frame(frame, len(frame), meta)
		}
		in.Offer(t.Context(), discard{})
	})
	if allocs != 0 {
		t.Errorf("256 frames took %v allocations", allocs)
	}
}
