//go:build cgo && !race

package zmqsink

import (
	"context"
	"errors"
	"strings"
	"testing"

	zmq "github.com/pebbe/zmq4"
)

func TestAllocations(t *testing.T) {
	zctx, err := zmq.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zctx.Term() }()
	pull, err := zctx.NewSocket(zmq.PULL) // its queue takes all that is sent here
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pull.Close() }()
	address := "tcp://" + freePort(t)
	if err := errors.Join(pull.SetRcvhwm(100_000), pull.Bind(address)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Options{nil, {FrameBytes: 20_000}} {
		s := newSink(t, address, o)
		messages := batch(t, strings.Split(strings.Repeat("x", 256), "")...)
		perBatch := testing.AllocsPerRun(50, func() {
			if err := s.send(context.Background(), messages); err != nil {
				t.Fatal(err)
			}
		})
		if perMessage := perBatch / 256; perMessage > 0.1 {
			t.Errorf("%+v: %.2f allocations a message", o, perMessage)
		}
	}
}
