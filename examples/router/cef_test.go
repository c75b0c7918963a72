package main

import (
	"fmt"
	"net"
	"reflect"
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

// Whatever a CEF sink counts has words.
func TestStatsInWords(t *testing.T) {
	var stats cefsink.Stats
	counts := reflect.ValueOf(&stats).Elem()
	for i := range counts.NumField() {
		counts.Field(i).SetUint(uint64(i + 1))
	}
	words := ", " + inWords(stats)
	for i := range counts.NumField() {
		if n := fmt.Sprintf(", %d ", i+1); strings.Count(words, n) != 1 {
			t.Errorf("%s is not in %q", counts.Type().Field(i).Name, words)
		}
	}
	if words := inWords(cefsink.Stats{}); words != "" {
		t.Errorf("of nothing it says %q", words)
	}
}
