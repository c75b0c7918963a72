//go:build cgo

package zmqsink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	zmq "github.com/pebbe/zmq4"
)

// frames returns the frames that a plain PULL socket gets from a sink with the options that sends messages and ends.
func frames(t *testing.T, o *Options, payloads ...string) []string {
	t.Helper()
	zctx, err := zmq.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zctx.Term() }()
	pull, err := zctx.NewSocket(zmq.PULL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pull.Close() }()
	address := "tcp://" + freePort(t)
	if err := pull.Bind(address); err != nil {
		t.Fatal(err)
	}
	s := newSink(t, address, o)
	messages := batch(t, payloads...)
	if err := s.Send(context.Background(), messages); err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	var got []string
	if err := pull.SetRcvtimeo(patience); err != nil {
		t.Fatal(err)
	}
	for seen := 0; seen < len(messages); {
		frame, err := pull.Recv(0)
		if err != nil {
			t.Fatalf("%d of %d messages: %v", seen, len(messages), err)
		}
		for line := range strings.SplitSeq(frame, "\n") {
			if line != messages[seen].JSON() {
				t.Fatalf("message %d arrived as %q", seen, line)
			}
			seen++
		}
		got = append(got, frame)
	}
	return got
}

func TestFrames(t *testing.T) {
	size := len(batch(t, "0000")[0].JSON())
	payloads := make([]string, 1000)
	for i := range payloads {
		payloads[i] = fmt.Sprintf("%04d", i)
	}
	for _, c := range []struct {
		name       string
		frameBytes int
		perFrame   int
	}{
		{"one each", 0, 1},
		{"too small for two", 2 * size, 1},
		{"two", 2*size + 1, 2},
		{"ten", 10*size + 9, 10},
		{"all", 1 << 20, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := frames(t, &Options{FrameBytes: c.frameBytes}, payloads...)
			if len(got) != 1000/c.perFrame {
				t.Errorf("%d frames, want %d", len(got), 1000/c.perFrame)
			}
			for _, frame := range got {
				if c.perFrame > 1 && len(frame) > c.frameBytes {
					t.Errorf("a frame of %d bytes, FrameBytes is %d", len(frame), c.frameBytes)
				}
			}
		})
	}
	t.Run("large between small", func(t *testing.T) {
		got := frames(t, &Options{FrameBytes: 500}, "a", "b", strings.Repeat("x", 600_000), "c", strings.Repeat("y", 600_000), "d", "e")
		var lines []int
		for _, frame := range got {
			lines = append(lines, 1+strings.Count(frame, "\n"))
		}
		if !slices.Equal(lines, []int{2, 1, 1, 1, 2}) {
			t.Errorf("messages a frame: %v", lines)
		}
	})
}
