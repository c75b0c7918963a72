package cefsink

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/internal/certtest"
	"github.com/mozilla-services/metlog-go/sink"
)

func listenTLS(t testing.TB, config *tls.Config) *streamServer {
	t.Helper()
	s := &streamServer{network: "tcp", addr: "127.0.0.1:0", wrap: func(conn net.Conn) net.Conn { return tls.Server(conn, config) }}
	s.up(t)
	t.Cleanup(s.down)
	return s
}

func TestTLS(t *testing.T) {
	ca, other := certtest.New(t), certtest.New(t)
	good, client := ca.Issue(t, "siem.test", time.Hour), ca.Issue(t, "router", time.Hour)
	wants := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()}
	with := func(config *tls.Config, change func(*tls.Config)) *tls.Config {
		config = config.Clone()
		change(config)
		return config
	}
	mine := &tls.Config{RootCAs: ca.Pool(), ServerName: "siem.test", Certificates: []tls.Certificate{client}}
	for _, test := range []struct {
		name           string
		server, client *tls.Config
		want           string // of the error; empty: none
	}{
		{"client certificate", wants, mine, ""},
		{"TLS 1.2", with(wants, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), mine, ""},
		{"no client certificate asked for", &tls.Config{Certificates: []tls.Certificate{good}}, with(mine, func(c *tls.Config) { c.Certificates = nil }), ""},
		{"TLS 1.1", with(wants, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 }), with(mine, func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }), "version"},
		{"other name", wants, with(mine, func(c *tls.Config) { c.ServerName = "" }), "127.0.0.1"},
		{"unknown authority", wants, with(mine, func(c *tls.Config) { c.RootCAs = other.Pool() }), "unknown authority"},
		{"the system's authorities", wants, with(mine, func(c *tls.Config) { c.RootCAs = nil }), "unknown authority"},
		{"expired", with(wants, func(c *tls.Config) { c.Certificates = []tls.Certificate{ca.Issue(t, "siem.test", -time.Hour)} }), mine, "expired"},
		{"no client certificate", wants, with(mine, func(c *tls.Config) { c.Certificates = nil }), "certificate required"},
		{"client certificate of another authority", wants, with(mine, func(c *tls.Config) { c.Certificates = []tls.Certificate{other.Issue(t, "router", time.Hour)} }), "certificate"},
		{"expired client certificate", wants, with(mine, func(c *tls.Config) { c.Certificates = []tls.Certificate{ca.Issue(t, "router", -time.Hour)} }), "certificate"},
		{"client certificate of another authority, TLS 1.2", with(wants, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }),
			with(mine, func(c *tls.Config) { c.Certificates = []tls.Certificate{other.Issue(t, "router", time.Hour)} }), "certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := listenTLS(t, test.server)
			s := newSink(t, "tls://"+server.addr, &Options{TLS: test.client})
			err := s.Send(t.Context(), events(t, "a", "b"))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || sink.IsPermanent(err) {
					t.Errorf("Send returned %v, want %q", err, test.want)
				}
				if got := server.received(); len(got) > 0 {
					t.Errorf("received %q", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			eventually(t, "both", func() bool { return slices.Equal(server.names(), []string{"a", "b"}) })
		})
	}
}

// Whatever is at the address, it gets nothing before it has shown its certificate.
func TestTLSToNobody(t *testing.T) {
	server := listenTCP(t)
	s := newSink(t, "tls://"+server.addr, &Options{TLS: &tls.Config{ServerName: "siem.test"}})
	if err := s.Send(t.Context(), events(t, "a")); err == nil {
		t.Error("Send returned nil")
	}
	quiet := newSink(t, "tls://"+silent(t), nil)
	if err := quiet.Send(brief(t), events(t, "a")); err == nil {
		t.Error("Send to a silent server returned nil")
	}
}

// A server with TLS that dies under load gets everything that was acknowledged.
func TestTLSServerDies(t *testing.T) {
	ca := certtest.New(t)
	server := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, "siem.test", time.Hour)}})
	s := newSink(t, "tls://"+server.addr, &Options{Resend: time.Minute, TLS: &tls.Config{RootCAs: ca.Pool(), ServerName: "siem.test"}})
	s.wire.(*stream).trial = time.Millisecond
	names := numbered("e", 100)
	for i, name := range names {
		eventually(t, "a Send", func() bool { return s.Send(t.Context(), events(t, name)) == nil })
		if i%25 == 10 {
			server.hangUp()
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	server.down()
	got := server.names()
	for _, name := range names {
		if !slices.Contains(got, name) {
			t.Errorf("%s is lost", name)
		}
	}
	if len(server.wrong()) > 0 && s.Stats().Resent == 0 {
		t.Error(errors.Join(server.wrong()...))
	}
}

// The options' TLS is the caller's, and stays as it was.
func TestTLSConfigIsCopied(t *testing.T) {
	config := &tls.Config{MinVersion: tls.VersionTLS10}
	got := configOf(&Options{TLS: config}, "siem.test")
	if got.MinVersion != tls.VersionTLS12 || got.ServerName != "siem.test" || config.ServerName != "" || config.MinVersion != tls.VersionTLS10 {
		t.Errorf("server name %q, least version %x; the caller's: %q, %x", got.ServerName, got.MinVersion, config.ServerName, config.MinVersion)
	}
	if got := configOf(&Options{TLS: &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "other"}}, "siem.test"); got.MinVersion != tls.VersionTLS13 || got.ServerName != "other" {
		t.Errorf("server name %q, least version %x", got.ServerName, got.MinVersion)
	}
	if got := configOf(new(Options), "siem.test"); got.MinVersion != tls.VersionTLS12 || got.ServerName != "siem.test" {
		t.Errorf("server name %q, least version %x", got.ServerName, got.MinVersion)
	}
}
