//go:build cgo && !race

package zmqsocket

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAllocations(t *testing.T) {
	from, to := linked(t, Settings{}, Settings{})
	texts := slices.Repeat([]string{strings.Repeat("x", 300)}, MaxFrames)
	ends := singles(texts)
	frames := make([]Frame, 0, MaxFrames)
	perBatch := testing.AllocsPerRun(50, func() {
		if _, err := from.Send(texts, ends, patient); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < MaxFrames; got += len(frames) {
			var err error
			if frames, err = to.Receive(frames[:0], 20*time.Second, 5*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	})
	if perFrame := perBatch / MaxFrames; perFrame > 0.1 {
		t.Errorf("%.2f allocations a frame sent and received; want none but the slabs", perFrame)
	} else {
		t.Logf("%.0f allocations for %d frames", perBatch, MaxFrames)
	}
}
