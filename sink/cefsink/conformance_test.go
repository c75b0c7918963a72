package cefsink

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A switched is a wire that can be made to fail and to hang.
type switched struct {
	wire
	life  context.Context
	count func() int // what has been received; nil if the kernel does not lose any
	sent  int

	mu      sync.Mutex
	failing bool
	stalled chan struct{} // nil: not stalled; closed when that is over
}

func (s *switched) flush(ctx context.Context) (int, error) {
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
	if s.count != nil {
		return s.paced(ctx)
	}
	return s.wire.flush(ctx)
}

// paced writes datagrams no faster than the server reads them: the kernel drops them when its buffer is full.
func (s *switched) paced(ctx context.Context) (n int, err error) {
	d := s.wire.(*datagram)
	all := d.records.records
	defer func() { d.records.records = all }()
	for n < len(all) && err == nil {
		before := n
		d.records.records = all[:min(n+64, len(all))]
		n, err = d.write(ctx, n)
		s.sent += n - before
		for end := time.Now().Add(5 * time.Second); s.count() < s.sent && time.Now().Before(end); {
			time.Sleep(50 * time.Microsecond)
		}
	}
	return n, err
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

// recordAs returns what makes of a message its record for that address, without a length before it.
func recordAs(t testing.TB, address string) func(*envelope.Message) string {
	return func(m *envelope.Message) string {
		e := newEncoder(t, address, nil)
		e.zone = time.Local
		record, err := e.append(nil, m, m.Payload())
		if err != nil {
			return ""
		}
		return string(record)
	}
}

func TestConformance(t *testing.T) {
	var wire *switched
	behindSwitch := func(s *Sink) sink.Sink {
		wire = &switched{wire: s.wire, life: s.life}
		s.wire = wire
		return s
	}
	harness := sinktest.Harness{
		Message: func(i int) envelope.Message { return event(t, numbered("event", i+1)[i]) },
		Ordered: true,
		Fail:    func(t testing.TB, failing bool) { wire.fail(t, failing) },
		Stall:   func(t testing.TB, stalled bool) { wire.stall(t, stalled) },
	}
	for network, address := range map[string]string{"udp": "udp://siem:514", "unixgram": "unixgram:///dev/log"} {
		t.Run(network, func(t *testing.T) {
			var server *datagramServer
			harness.New = func(t testing.TB) sink.Sink {
				server = listenDatagrams(t, network)
				s := behindSwitch(newSink(t, network+"://"+server.addr(), nil))
				if network == "udp" {
					wire.count = func() int { return len(server.received()) }
				}
				return s
			}
			harness.Received = func(testing.TB) []string { return server.received() }
			harness.Key = recordAs(t, address)
			sinktest.Run(t, harness)
		})
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			var server *streamServer
			harness.New = func(t testing.TB) sink.Sink {
				server = listenStream(t, network)
				return behindSwitch(newSink(t, network+"://"+server.addr, nil))
			}
			harness.Received = func(testing.TB) []string { return server.received() }
			harness.Key = recordAs(t, "tcp://siem:601")
			sinktest.Run(t, harness)
		})
	}
}
