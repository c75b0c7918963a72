package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
)

// sentrySection: events to a server that reads them and answers, in this process too.
func sentrySection(l *lab) error {
	const events = 2000
	var received atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		received.Add(1)
		_, _ = io.WriteString(w, `{"id":"0"}`)
	}))
	defer server.Close()
	dsn := strings.Replace(server.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"
	to, err := sentrysink.New(dsn, nil)
	must(err)
	defer func() { must(to.Close()) }()

	var delivered []float64
	ours := func(name string, m envelope.Message) contender {
		batch := make([]envelope.Message, 100)
		for i := range batch {
			batch[i] = m
		}
		return timed(name, func(n int) {
			for range n / len(batch) {
				must(to.Send(context.Background(), batch))
			}
		})
	}
	text := eventText()
	contenders := []contender{
		ours("sentrysink, an event of 5 kB acknowledged", exceptionOf(text)),
		ours("sentrysink, the same from 2012, translated", exceptionOf(packEvent(legacyText()))),
		timed("sentry-go, one after another, each answered", func(n int) {
			client := sentryClient(dsn, sentry.NewHTTPSyncTransport())
			defer client.Close()
			for range n {
				client.CaptureEvent(sentryEvent(), nil, nil)
			}
		}),
		{"sentry-go, captured and flushed, by those that arrived", func(n int) (float64, error) {
			before, begin := received.Load(), time.Now()
			client := sentryClient(dsn, nil)
			defer client.Close()
			for range n {
				client.CaptureEvent(sentryEvent(), nil, nil)
			}
			client.Flush(time.Minute)
			took, arrived := time.Since(begin), received.Load()-before
			delivered = append(delivered, float64(arrived)/float64(n))
			return float64(took) / float64(max(arrived, 1)), nil
		}},
	}
	goals := []goal{
		{name: "sentrysink / sentry-go, each answered", ours: 0, theirs: 2},
		{name: "sentrysink / sentry-go, by those that arrived", ours: 0, theirs: 3},
	}
	if err := compare(l, events, contenders, goals); err != nil {
		return err
	}
	fmt.Printf("  %-58s %10.2f\n", "share of sentry-go's events that arrived", median(delivered))
	begin := time.Now()
	if _, err := contenders[0].run(5 * events); err != nil {
		return err
	}
	rate, verdict := 5*events/time.Since(begin).Seconds(), "met"
	if rate < 2000 {
		verdict = "MISSED"
	}
	fmt.Printf("  %-58s %10.0f /s  goal >= 2000: %s\n", "sentrysink, acknowledged", rate, verdict)
	return nil
}

func sentryClient(dsn string, transport sentry.Transport) *sentry.Client {
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: dsn, Release: "1", Transport: transport, Integrations: func([]sentry.Integration) []sentry.Integration { return nil },
	})
	must(err)
	return client
}

// sentryEvent is the event of eventText as sentry-go has it.
func sentryEvent() *sentry.Event {
	event := sentry.NewEvent()
	event.Level, event.Platform, event.Logger = sentry.LevelFatal, "go", "shop"
	frames := make([]sentry.Frame, benchFrames)
	for i := range frames {
		frames[i] = sentry.Frame{
			Function: "checkout", Module: "shop/cart", Filename: "shop/cart/cart.go", AbsPath: "/srv/shop/cart/cart.go", Lineno: 40 + i, InApp: true,
			PreContext: sourceLines, ContextLine: sourceLines[0], PostContext: sourceLines, Vars: map[string]any{"total": 4.75, "i": i},
		}
	}
	event.Exception = []sentry.Exception{{Type: "runtime.boundsError", Value: "index out of range", Stacktrace: &sentry.Stacktrace{Frames: frames}}}
	return event
}

const benchFrames = 10

var sourceLines = []string{"\tfor i := range o.Lines {", "\t\ttotal += o.Lines[i].Price", "\t\tif total > limit {", "\t\t\treturn ErrLimit"}

func eventText() string {
	text, err := sentryEvent().MarshalJSON()
	must(err)
	return string(text)
}

func legacyText() string {
	_, frames, _ := strings.Cut(eventText(), `"stacktrace":`)
	frames, _, _ = strings.Cut(frames, `]}}]`)
	return `{"level":50,"message":"x","culprit":"cart in checkout","sentry.interfaces.Exception":{"type":"E","value":"v"},"sentry.interfaces.Stacktrace":` + frames + `]}}`
}

func packEvent(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := io.WriteString(z, text)
	must(err)
	must(z.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func exceptionOf(payload string) envelope.Message {
	m, err := envelope.Draft{Type: envelope.TypeException, Logger: "shop", Severity: envelope.Error, Payload: payload}.Seal()
	must(err)
	return m
}
