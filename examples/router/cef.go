package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
)

func newCEF(c *config) (*cefsink.Sink, error) {
	var options cefsink.Options
	if c.cefTLS.ca != "" || c.cefTLS.cert != "" {
		options.TLS = &tls.Config{}
	}
	if c.cefTLS.ca != "" {
		text, err := os.ReadFile(c.cefTLS.ca)
		if err != nil {
			return nil, fmt.Errorf("-cef-ca: %w", err)
		}
		options.TLS.RootCAs = x509.NewCertPool()
		if !options.TLS.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("-cef-ca: no certificate in %s", c.cefTLS.ca)
		}
	}
	if c.cefTLS.cert != "" {
		own, err := tls.LoadX509KeyPair(c.cefTLS.cert, c.cefTLS.key)
		if err != nil {
			return nil, fmt.Errorf("-cef-cert, -cef-key: %w", err)
		}
		options.TLS.Certificates = []tls.Certificate{own}
	}
	return cefsink.New(c.cef, &options)
}

// remarks says in a line what an account of a CEF sink has no place for, and nothing where there is nothing to say.
func remarks(parts []sink.Accounter) string {
	var lines strings.Builder
	for _, part := range parts {
		s, ok := part.(*cefsink.Sink)
		if !ok {
			continue
		}
		if text := inWords(s.Stats()); text != "" {
			fmt.Fprintf(&lines, "besides, of %s: %s\n", s.Account().Name, text)
		}
	}
	return lines.String()
}

func inWords(s cefsink.Stats) string {
	var words []string
	for _, count := range []struct {
		n    uint64
		what string
	}{
		{s.Priority, "with no such priority"},
		{s.Facility, "with a facility not allowed"},
		{s.Ident, "with an ident not allowed"},
		{s.Options, "with no such option"},
		{s.Replaced, "with characters replaced"},
		{s.Cut, "cut"},
		{s.Resent, "sent again"},
		{s.GivenUp, "given up after they were sent"},
	} {
		if count.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	return strings.Join(words, ", ")
}
