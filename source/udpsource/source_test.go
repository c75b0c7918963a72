package udpsource_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/sourcetest"
	"github.com/mozilla-services/metlog-go/source/udpsource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	for _, family := range []struct {
		name, addr string
		maxFrame   int
	}{
		{"IPv4", "127.0.0.1:0", 65_507},
		{"IPv6", "[::1]:0", 65_527},
	} {
		t.Run(family.name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{MaxFrame: family.maxFrame, New: func(t testing.TB, o sourcetest.Options) (sourcetest.Subject, error) {
				s, err := udpsource.New(family.addr, &udpsource.Options{DeadLetter: o.DeadLetter, Decoder: o.Decoder, DrainTimeout: o.DrainTimeout})
				if err != nil {
					return sourcetest.Subject{}, err
				}
				return sourcetest.Subject{Source: s, Feed: func(frames ...string) error { return feed(t, s, frames...) }}, nil
			}})
		})
	}
}

// feed sends frames to a source that runs or is about to.
func feed(t testing.TB, s *udpsource.Source, frames ...string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	addr, err := s.Addr(ctx)
	if err != nil {
		return err
	}
	conn, err := net.DialUDP("udp", nil, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, frame := range frames {
		if _, err := conn.Write([]byte(frame)); err != nil {
			return err
		}
	}
	return nil
}

type discard struct{}

func (discard) Send(context.Context, []envelope.Message) error { return nil }

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name, addr string
		options    *udpsource.Options
		want       string
	}{
		{"no port", "127.0.0.1", nil, "host:port"},
		{"empty", "", nil, "host:port"},
		{"named port", "127.0.0.1:syslog", nil, "port"},
		{"large port", "127.0.0.1:65536", nil, "port"},
		{"every address", ":5565", nil, "AllowRemote"},
		{"every IPv4 address", "0.0.0.0:5565", nil, "AllowRemote"},
		{"every IPv6 address", "[::]:5565", nil, "AllowRemote"},
		{"another host", "192.0.2.1:5565", nil, "AllowRemote"},
		{"a name", "metlog.example.net:5565", nil, "AllowRemote"},
		{"typed-nil dead letter", "127.0.0.1:0", &udpsource.Options{DeadLetter: (*discard)(nil)}, "DeadLetter"},
		{"typed-nil decoder", "127.0.0.1:0", &udpsource.Options{Decoder: (*envelope.Parser)(nil)}, "Decoder"},
		{"drain timeout", "127.0.0.1:0", &udpsource.Options{DrainTimeout: -1}, "DrainTimeout"},
		{"read buffer", "127.0.0.1:0", &udpsource.Options{ReadBuffer: -1}, "ReadBuffer"},
		{"small datagram", "127.0.0.1:0", &udpsource.Options{MaxDatagram: -1}, "MaxDatagram"},
		{"large datagram", "127.0.0.1:0", &udpsource.Options{MaxDatagram: 65_536}, "MaxDatagram"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := udpsource.New(test.addr, test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New returned %v, %v; want an error with %q", s, err, test.want)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	for _, test := range []struct {
		addr   string
		remote bool
	}{
		{"127.0.0.1:5565", false},
		{"127.9.9.9:0", false},
		{"[::1]:5565", false},
		{"[::ffff:127.0.0.1]:5565", false},
		{"localhost:5565", false},
		{":5565", true},
		{"metlog.example.net:5565", true},
	} {
		s, err := udpsource.New(test.addr, &udpsource.Options{AllowRemote: test.remote})
		if err != nil {
			t.Errorf("%s: %v", test.addr, err)
			continue
		}
		if got, want := s.Account().Name, "udp "+test.addr; got != want {
			t.Errorf("the account's name is %q, want %q", got, want)
		}
	}
}

func TestNewCopiesOptions(t *testing.T) {
	o := &udpsource.Options{}
	s, err := udpsource.New("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	if *o != (udpsource.Options{}) {
		t.Errorf("New changed the options: %+v", o)
	}
	o.DeadLetter = discard{}
	if next := s.Next(); len(next) != 0 {
		t.Errorf("a source without a dead letter leads to %v", next)
	}
	s, err = udpsource.New("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	if next := s.Next(); len(next) != 1 || next[0] != o.DeadLetter {
		t.Errorf("a source with a dead letter leads to %v", next)
	}
}

func TestRunErrors(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s, err := udpsource.New(taken.LocalAddr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), (*discard)(nil)); err == nil {
		t.Error("Run took a nil sink")
	}
	err = s.Run(t.Context(), discard{})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("Run on a port that is taken returned %v", err)
	}
	if _, addrErr := s.Addr(t.Context()); addrErr != err {
		t.Errorf("Addr returned %v, Run %v", addrErr, err)
	}
	if err := s.Run(t.Context(), discard{}); err == nil || !strings.Contains(err.Error(), "before") {
		t.Errorf("a second Run returned %v", err)
	}
}

func TestRunListensOnEveryAddress(t *testing.T) {
	s, err := udpsource.New(":0", &udpsource.Options{AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx, discard{}); err != nil {
		t.Errorf("listening on every address: %v", err)
	}
}

func TestAddrWaits(t *testing.T) {
	s, err := udpsource.New("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if addr, err := s.Addr(ctx); err == nil {
		t.Errorf("Addr of a source that does not run is %v", addr)
	}
}
