//go:build cgo

package zmqsink

import (
	"context"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// A receiver is a source that runs into a recorder.
type receiver struct {
	sinktest.Recorder
	address string
	open    chan struct{} // closed when a stall ends
}

// receive runs a receiver at endpoint until the test ends.
func receive(t testing.TB, endpoint string) *receiver {
	t.Helper()
	s, err := zmqsource.New([]string{endpoint}, &zmqsource.Options{Linger: -1, HighWater: 10, DrainTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{}
	ctx, cancel := context.WithCancel(context.Background())
	returned := make(chan error, 1)
	go func() { returned <- s.Run(ctx, &r.Recorder) }()
	t.Cleanup(func() {
		cancel()
		if err := <-returned; err != nil {
			t.Error(err)
		}
	})
	up, giveUp := context.WithTimeout(ctx, patience)
	defer giveUp()
	addresses, err := s.Addresses(up)
	if err != nil {
		t.Fatal(err)
	}
	r.address = addresses[0]
	return r
}

// stall makes the receiver take nothing, or go on.
func (r *receiver) stall(stalled bool) {
	if stalled {
		r.open = make(chan struct{})
		r.Plan(sinktest.Block(r.open))
		return
	}
	if r.open != nil {
		r.Plan(nil)
		close(r.open)
		r.open = nil
	}
}

// eventually waits for ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}
