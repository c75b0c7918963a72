package cefsink

import (
	"crypto/tls"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestNewRefuses(t *testing.T) {
	const good = "tcp://localhost:601"
	for _, test := range []struct {
		name, address string
		options       *Options
		want          string
	}{
		{"empty", "", nil, "tls://"},
		{"no scheme", "localhost:601", nil, "tls://"},
		{"other scheme", "http://localhost:601", nil, "tls://"},
		{"no port", "tls://localhost", nil, "host:port"},
		{"no host", "udp://:514", nil, "host:port"},
		{"named port", "tcp://localhost:syslog", nil, "port"},
		{"port 0", "tcp://localhost:0", nil, "port"},
		{"path", "tcp://localhost:601/x", nil, "port"},
		{"relative path", "unix://dev/log", nil, "unix:///path"},
		{"no path", "unixgram://", nil, "unixgram:///path"},
		{"long path", "unix:///" + strings.Repeat("p", 107), nil, "107"},
		{"format", good, &Options{Format: 1}, "Format"},
		{"negative format", good, &Options{Format: -1}, "Format"},
		{"facility", good, &Options{Facility: "LOCAL8"}, "Facility"},
		{"facilities", good, &Options{Facilities: []string{"LOCAL0", "local1"}}, "Facilities"},
		{"empty facility", good, &Options{Facilities: []string{""}}, "Facilities"},
		{"ident", good, &Options{Ident: "a b"}, "Ident"},
		{"long ident", good, &Options{Ident: strings.Repeat("i", 49)}, "Ident"},
		{"long ident of RFC 3164", good, &Options{Format: RFC3164, Ident: strings.Repeat("i", 33)}, "Ident"},
		{"long ident of a local daemon", "unixgram:///dev/log", &Options{Ident: strings.Repeat("i", 33)}, "Ident"},
		{"ident with a slash", good, &Options{Ident: "a/b"}, "Ident"},
		{"idents", good, &Options{Idents: []string{"ok", "no[1]"}}, "Idents"},
		{"empty of idents", good, &Options{Idents: []string{""}}, "Idents"},
		{"short records", good, &Options{MaxBytes: 1023}, "MaxBytes"},
		{"long records", good, &Options{MaxBytes: 65_508}, "MaxBytes"},
		{"negative bytes", good, &Options{ResendBytes: -1}, "ResendBytes"},
		{"unchecked server", "tls://localhost:6514", &Options{TLS: &tls.Config{InsecureSkipVerify: true}}, "InsecureSkipVerify"},
		{"old TLS", "tls://localhost:6514", &Options{TLS: &tls.Config{MaxVersion: tls.VersionTLS11}}, "MaxVersion"}, //nolint:gosec // it is refused
		{"TLS without it", good, &Options{TLS: &tls.Config{}}, "TLS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.address, test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "cefsink: ") {
				t.Errorf("New returned %v, %v; want an error with %q", s, err, test.want)
			}
		})
	}
}

// New copies its options.
func TestOptionsAreCopied(t *testing.T) {
	o := Options{Idents: []string{"shop"}, Facilities: []string{"AUTH"}}
	e := newEncoder(t, "tcp://siem:601", &o)
	o.Idents[0], o.Facilities[0] = "other", "KERN"
	want := "<38>1 2026-03-02T09:15:04.000001Z web3 shop - - - " + login
	if got := recordOf(t, e, withMeta(t, login, map[string]any{"syslog_ident": "shop", "syslog_facility": "AUTH"})); got != want {
		t.Errorf("got %q", got)
	}
}

// Any number of bytes may be kept.
func TestResendBytes(t *testing.T) {
	for bytes, want := range map[int]int{0: 64, 1: 2, 512 << 10: 2, 512<<10 + 1: 3, math.MaxInt: math.MaxInt/pageBytes + 1} {
		if got := newSink(t, "tcp://siem:601", &Options{ResendBytes: bytes}).wire.(*stream).pages; got != want {
			t.Errorf("%d bytes are %d pages, want %d", bytes, got, want)
		}
	}
}

func TestAccountName(t *testing.T) {
	for _, address := range []string{"tls://siem.example.net:6514", "udp://[::1]:514", "unixgram:///dev/log"} {
		if got := newSink(t, address, nil).Account().Name; got != "cef "+address {
			t.Errorf("the account of %s is named %q", address, got)
		}
	}
}

// A message that no record can be made of is refused for good, and those beside it go.
func TestNoEvent(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, "tcp://"+server.addr, nil)
	batch := append(events(t, "first"), withMeta(t, "hello", nil), withMeta(t, "CEF:0|a|b", nil), envelope.Message{})
	batch = append(batch, events(t, "last")...)
	err := s.Send(t.Context(), batch)
	var failed []int
	for i, err := range sink.Failures(err, len(batch)) {
		failed = append(failed, i)
		if !sink.IsPermanent(err) || len(err.Error()) > 300 {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if len(failed) != 3 || failed[0] != 1 || failed[2] != 3 {
		t.Errorf("failed: %v", failed)
	}
	eventually(t, "both", func() bool { return len(server.received()) == 2 })
	if got := server.names(); got[0] != "first" || got[1] != "last" {
		t.Errorf("received %q", got)
	}
}

// What is no event is known to be none also while the server is down.
func TestNoEventWhileDown(t *testing.T) {
	server := listenTCP(t)
	server.down()
	s := newSink(t, "tcp://"+server.addr, nil)
	batch := []envelope.Message{withMeta(t, "hello", nil), event(t, "e")}
	for i, err := range sink.Failures(s.Send(t.Context(), batch), len(batch)) {
		if sink.IsPermanent(err) != (i == 0) {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

// A server that is down is not asked again before its time, and then it is.
func TestServerIsDown(t *testing.T) {
	server := listenTCP(t)
	server.down()
	s := newSink(t, "tcp://"+server.addr, nil)
	first := s.Send(t.Context(), events(t, "e"))
	if first == nil || sink.IsPermanent(first) || sink.RetryDelay(first) <= 0 || sink.RetryDelay(first) > minPause {
		t.Fatalf("Send returned %v, RetryDelay %v", first, sink.RetryDelay(first))
	}
	text := regexp.MustCompile(`^cefsink: dial tcp [0-9.:]+: connect: connection refused \(not again within \d+ms\)$`)
	if second := s.Send(t.Context(), events(t, "e")); second == nil || sink.RetryDelay(second) <= 0 || !text.MatchString(second.Error()) {
		t.Errorf("the second Send returned %v", second)
	}
	server.up(t)
	eventually(t, "a Send", func() bool { return s.Send(t.Context(), events(t, "back")) == nil })
	eventually(t, "the record", func() bool { return len(server.received()) == 1 })
}

// Batches larger than a page arrive whole and in order.
func TestLargeBatch(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, "tcp://"+server.addr, &Options{ResendBytes: 1})
	want := numbered(strings.Repeat("x", 400), 5000)
	if err := s.Send(t.Context(), events(t, want...)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all", func() bool { return len(server.received()) == len(want) })
	for i, name := range server.names() {
		if name != want[i] {
			t.Fatalf("record %d is %.500q", i, name)
		}
	}
	if n := len(s.wire.(*stream).keep.pages); n > 3 {
		t.Errorf("%d pages are kept", n)
	}
	if err := errors.Join(server.wrong()...); err != nil {
		t.Error(err)
	}
}

// A record's length has as many digits as it needs.
func TestLengths(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, "tcp://"+server.addr, &Options{MaxBytes: 65_507})
	var want []string
	batch := []envelope.Message{withMeta(t, "CEF:0||||||0|", nil)}
	for _, n := range []int{1, 700, 850, 5000, 9800, 30_000, 200_000} {
		want = append(want, strings.Repeat("n", n))
	}
	batch = append(batch, events(t, want...)...)
	if err := s.Send(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all", func() bool { return len(server.received()) == len(batch) })
	got := server.received()
	if got[0] != header5424+"CEF:0||||||0|" {
		t.Errorf("the shortest is %q", got[0])
	}
	for i, name := range want {
		if !strings.HasPrefix(name, nameOf(got[i+1])) || i < 6 && nameOf(got[i+1]) != name {
			t.Errorf("record %d is %.500q", i, got[i+1])
		}
	}
	if len(got[7]) > 65_507 {
		t.Errorf("the longest has %d bytes", len(got[7]))
	}
}

func TestTimeOutOfRange(t *testing.T) {
	received := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("x", 3600))
	m := withMeta(t, login, nil)
	m, err := envelope.Parse([]byte(strings.Replace(m.JSON(), "2026-03-02T09:15:04.000001Z", "never", 1)))
	if err != nil {
		t.Fatal(err)
	}
	m = m.WithMeta(envelope.Meta{Received: received})
	if got := timeOf(&m); !got.Equal(received) || got.Location() != time.UTC {
		t.Errorf("got %v", got)
	}
}
