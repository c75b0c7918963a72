//go:build cgo

package zmqsource

import (
	"testing"

	"github.com/mozilla-services/metlog-go/source/sourcetest"
	zmq "github.com/pebbe/zmq4"
)

func TestContract(t *testing.T) {
	for _, c := range []struct {
		name             string
		subscribe, plain bool
	}{
		{"pull", false, false},
		{"pull without the raw pointer", false, true},
		{"sub", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{New: subject(c.subscribe, c.plain), InFlight: true})
		})
	}
}

func subject(subscribe, plain bool) func(testing.TB, sourcetest.Options) (sourcetest.Subject, error) {
	return func(t testing.TB, o sourcetest.Options) (sourcetest.Subject, error) {
		address := ipc(t)
		s, err := New([]string{address}, &Options{
			Subscribe:    subscribe,
			DeadLetter:   o.DeadLetter,
			Decoder:      o.Decoder,
			DrainTimeout: o.DrainTimeout,
			HighWater:    100,
		})
		if err != nil {
			return sourcetest.Subject{}, err
		}
		s.settings.Plain = plain
		var client *zmq.Socket
		feed := func(frames ...string) error {
			addresses(t, s)
			switch {
			case client != nil:
			case subscribe:
				client = publisher(t, address, false)
			default:
				client = peer(t, zmq.PUSH, address, false)
			}
			for _, frame := range frames {
				if _, err := client.Send(frame, 0); err != nil {
					return err
				}
			}
			return nil
		}
		return sourcetest.Subject{Source: s, Feed: feed}, nil
	}
}
