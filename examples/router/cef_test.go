package main

import (
	"net"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
)

// What a message asked for and did not get stands under the account.
func TestRemarks(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	address := "udp://" + server.LocalAddr().String()
	s, err := newCEF(&config{cef: address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	parts := []sink.Accounter{&account{Name: "udp"}, s}
	if got := remarks(parts); got != "" {
		t.Errorf("of nothing it says %q", got)
	}
	m, err := envelope.Parse([]byte(`{"type":"cef","payload":"CEF:0|a|b|1|s|n|5|x=y",` +
		`"fields":{"cef_meta":{"syslog_facility":"KERN","syslog_ident":"root"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), []envelope.Message{m, m}); err != nil {
		t.Fatal(err)
	}
	want := "besides, of cef " + address + ": 2 with a facility not allowed, 2 with an ident not allowed\n"
	if got := remarks(parts); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStatsInWords(t *testing.T) {
	all := inWords(cefsink.Stats{Priority: 1, Facility: 2, Ident: 3, Options: 4, Cut: 5, Resent: 6, GivenUp: 7})
	for _, n := range []string{"1 ", ", 2 ", ", 3 ", ", 4 ", ", 5 ", ", 6 ", ", 7 "} {
		if !strings.Contains(all, n) {
			t.Errorf("%q has no %q", all, n)
		}
	}
}
