package statsdsink

import (
	"net"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func TestSendAllocates(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}) // nobody reads: that would allocate
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := newSink(t, server.LocalAddr().String(), nil)
	var batch []envelope.Message
	for range 64 {
		batch = append(batch,
			parse(t, `{"severity": 6, "timestamp": "2013-03-01T08:00:00.000417", "metlog_hostname": "web3", "fields": {"rate": 1.0, "name": "shop.views.cart"}, "metlog_pid": 411, "logger": "shop", "type": "timer", "payload": "38", "env_version": "0.8"}`),
			parse(t, `{"type":"counter","logger":"shop","payload":"-2","fields":{"name":"db::query|é","rate":"0.25"}}`),
			parse(t, `{"type":"counter","logger":"shop","payload":"+2.50","fields":{"name":"n","rate":1e-05}}`),
			parse(t, `{"type":"gauge","logger":"shop","payload":-7.5,"fields":{"name":"n"}}`))
	}
	allocs := testing.AllocsPerRun(100, func() {
		if err := s.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2 { // a garbage collection may empty the pool
		t.Errorf("a batch of %d messages took %v allocations", len(batch), allocs)
	}
}

func TestLargePacketIsLetGo(t *testing.T) {
	s := newSink(t, "localhost:8125", nil)
	large := &packet{buf: make([]byte, 0, keptBytes+1)}
	s.recycle(large)
	if s.packets.Get().(*packet) == large {
		t.Errorf("%d bytes were kept", cap(large.buf))
	}
}
