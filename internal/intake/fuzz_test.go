package intake

import (
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// FuzzFrame holds the intake to its books, whatever a frame is: every message and fault is offered and counted, and each
// fault is a piece of the frame.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		"", "\n", `{"type":"x"}`, "{\"type\":\"x\"}\n{\"type\":\"y\"}\n", "{\"type\":\"x\"}\njunk\n{\"type\":\"y\"}",
		`{"type":"x"}{"type":`, "\xff\n\x00\n[1]\n", "{\"type\":\"x\",\n\"payload\":\"1\"}", strings.Repeat("x\n", 40), "{\n{\n{}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frame string) {
		in := Intake{Name: "fuzz", Decoder: new(envelope.Parser)}
		in.Frame(frame, len(frame), envelope.Meta{ID: envelope.NewID(), Origin: "fuzz"})
		messages, faults := len(in.batch), len(in.faults)
		if messages+faults == 0 || faults > 8+len(frame)/faultBytes {
			t.Errorf("%d messages and %d faults", messages, faults)
		}
		for _, fault := range in.faults {
			if !strings.Contains(frame, fault.frame) || fault.err == nil {
				t.Errorf("fault %q: %v", fault.frame, fault.err)
			}
		}
		dead, to := &recorder{}, &recorder{}
		in.DeadLetter = dead
		in.Offer(t.Context(), to)
		a := in.Account()
		if !a.Balanced() || len(to.got) != messages || len(dead.got) != faults ||
			a.Done != uint64(messages) || a.Dropped["deadletter"] != uint64(faults) {
			t.Errorf("%d messages and %d faults; account %+v", len(to.got), len(dead.got), a)
		}
	})
}
