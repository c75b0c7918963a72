package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A background is an endpoint whose errors no sender hears of.
type background struct {
	sink.Counters
	name string
}

func (b *background) Account() sink.Account                          { return b.Counters.Account(b.name) }
func (b *background) Send(context.Context, []envelope.Message) error { return nil }

// What an endpoint has against its messages is told when it happens, once, and not more often than anybody can read.
func TestComplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		endpoint, source := &background{name: "sentry"}, &account{Name: "udp", LastError: errors.New("no JSON")}
		ctx, cancel := context.WithCancel(t.Context())
		parts := []sink.Accounter{source, sink.Filter(endpoint, func(*envelope.Message) bool { return true }).(sink.Accounter), endpoint}
		go complain(ctx, &screen{table: &out, messages: &out}, func() []sink.Accounter { return parts })
		for _, step := range []struct {
			after time.Duration
			text  string
			said  string
		}{
			{time.Second, "", ""},
			{time.Second, "sentrysink: sentry: refused by 1:4711", "router: sentry: sentrysink: refused by 1:4711\n"},
			{20 * time.Second, "sentrysink: sentry: refused by 1:4712", ""}, // the same, but for the port
			{time.Second, "no\nname\x1b[m", "router: sentry: no\ufffdname\ufffd[m\n"},
			{5 * time.Second, "gone", ""}, // too soon
			{5 * time.Second, "gone", "router: sentry: gone\n"},
			{20 * time.Second, strings.Repeat("é", 1000), "router: sentry: " + strings.Repeat("é", 300) + "…\n"},
		} {
			if step.text != "" {
				endpoint.Failed(errors.New(step.text))
			}
			time.Sleep(step.after)
			synctest.Wait()
			if out.String() != step.said {
				t.Errorf("%.40q: said %q, not %q", step.text, out.String(), step.said)
			}
			out.Reset()
		}
		cancel()
		synctest.Wait()
	})
}
