package statsdsink

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A switched is a wire that can be made to fail and to hang, since a kernel cannot.
type switched struct {
	wire
	life context.Context

	mu      sync.Mutex
	failing bool
	stalled chan struct{} // nil: not stalled; closed when that is over
}

func (s *switched) send(ctx context.Context, p *packet) (int, error) {
	s.mu.Lock()
	failing, stalled := s.failing, s.stalled
	s.mu.Unlock()
	if failing {
		return 0, errors.New("switched off")
	}
	if stalled != nil {
		select {
		case <-stalled:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.life.Done():
			return 0, s.life.Err()
		}
	}
	return s.wire.send(ctx, p)
}

func (s *switched) fail(_ testing.TB, failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = failing
}

func (s *switched) stall(_ testing.TB, stalled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled != nil {
		close(s.stalled)
		s.stalled = nil
	}
	if stalled {
		s.stalled = make(chan struct{})
	}
}

// key returns the line that a message of the kit becomes.
func key(m *envelope.Message) string {
	line, err := lineOf(m, PrefixLogger)
	if err != nil {
		return ""
	}
	return line
}

func TestConformance(t *testing.T) {
	var wire *switched
	behindSwitch := func(s *Sink) sink.Sink {
		wire = &switched{wire: s.wire, life: s.life}
		s.wire = wire
		return s
	}
	harness := sinktest.Harness{
		Key:     key,
		Ordered: true,
		Fail:    func(t testing.TB, failing bool) { wire.fail(t, failing) },
		Stall:   func(t testing.TB, stalled bool) { wire.stall(t, stalled) },
	}
	t.Run("UDP", func(t *testing.T) {
		var server *udpServer
		harness.New = func(t testing.TB) sink.Sink {
			server = listenUDP(t)
			return behindSwitch(newSink(t, server.addr(), nil))
		}
		harness.Received = func(testing.TB) []string { return server.received() }
		sinktest.Run(t, harness)
	})
	t.Run("TCP", func(t *testing.T) {
		var server *tcpServer
		harness.New = func(t testing.TB) sink.Sink {
			server = listenTCP(t)
			return behindSwitch(newSink(t, server.addr, &Options{TCP: true}))
		}
		harness.Received = func(testing.TB) []string { return server.received() }
		sinktest.Run(t, harness)
	})
}
