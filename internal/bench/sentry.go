package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
	"github.com/mozilla-services/metlog-go/source/metlog"
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
	to, err := sentrysink.New(dsnOf(server), nil)
	must(err)
	defer func() { must(to.Close()) }()
	acknowledged := func(name string, batch []envelope.Message) *poster {
		return &poster{name: name, received: &received, post: func(n int) {
			for range n / len(batch) {
				must(to.Send(context.Background(), batch))
			}
		}}
	}
	captured := func(name string, event *sentry.Event, transport func() sentry.Transport) *poster {
		return &poster{name: name, received: &received, post: func(n int) {
			client := sentryClient(dsnOf(server), transport())
			defer client.Close()
			for range n {
				e := *event
				client.CaptureEvent(&e, nil, nil)
			}
			client.Flush(time.Minute)
		}}
	}
	oneByOne := func() sentry.Transport { return sentry.NewHTTPSyncTransport() }
	queued := func() sentry.Transport { return nil } // the default, which drops what comes too fast
	panics, deploys := panicMessages(100), deployMessages(100)
	posters := []*poster{
		acknowledged(fmt.Sprintf("sentrysink, a panic of %.1f kB, acknowledged", float64(len(panics[0].Payload()))/1000), panics),
		captured("sentry-go, the same one by one, each answered", sentryEvent(&panics[0]), oneByOne),
		captured("sentry-go, the same captured and flushed, if it arrived", sentryEvent(&panics[0]), queued),
		acknowledged("sentrysink, a message, acknowledged", deploys),
		captured("sentry-go, a message, each answered", &sentry.Event{Message: "v42 is out", Level: sentry.LevelInfo}, oneByOne),
		acknowledged("sentrysink, a panic of 2012, translated", legacyMessages(100, &panics[0])),
	}
	contenders := make([]contender, len(posters))
	for i, p := range posters {
		contenders[i] = contender{p.name, p.run}
	}
	if err := compare(l, events, contenders, []goal{
		{name: "sentrysink / sentry-go, each answered", ours: 0, theirs: 1},
		{name: "sentrysink / sentry-go, of what arrived", ours: 0, theirs: 2},
		{name: "sentrysink / sentry-go, a message, each answered", ours: 3, theirs: 4},
	}); err != nil {
		return err
	}
	for i, p := range posters {
		verdict := ""
		if i == 0 {
			verdict = "  goal >= 2000: met"
			if p.rate() < 2000 {
				verdict = "  goal >= 2000: MISSED"
			}
		}
		fmt.Printf("  %-58s %10.0f /s, %.0f%% arrived%s\n", p.name, p.rate(), 100*median(p.arrived[1:]), verdict)
	}
	return nil
}

// A poster is one way to send n events.
type poster struct {
	name     string
	received *atomic.Int64 // by the server, from all
	post     func(n int)

	costs, arrived []float64 // of an event that arrived, and the share of those; by round, the first of which warms up
}

func (p *poster) run(n int) (float64, error) {
	before, begin := p.received.Load(), time.Now()
	p.post(n)
	took, arrived := time.Since(begin), p.received.Load()-before
	cost := float64(took) / float64(max(arrived, 1))
	p.costs, p.arrived = append(p.costs, cost), append(p.arrived, float64(arrived)/float64(n))
	return cost, nil
}

func (p *poster) rate() float64 { return 1e9 / median(p.costs[1:]) }

func dsnOf(server *httptest.Server) string {
	return strings.Replace(server.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"
}

func sentryClient(dsn string, transport sentry.Transport) *sentry.Client {
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: dsn, Release: "1", Transport: transport, Integrations: func([]sentry.Integration) []sentry.Integration { return nil },
	})
	must(err)
	return client
}

type cart struct {
	Customer string
	Lines    []cartLine
	Card     struct{ Number, Token string }
}

type cartLine struct {
	Item  string
	Price float64
}

//go:noinline
func total(ctx context.Context, c *cart) float64 {
	sum := 0.0
	metlog.Watch(ctx, "sum", &sum)
	for i := 0; i <= len(c.Lines); i++ {
		metlog.Var(ctx, "i", i)
		sum += c.Lines[i].Price // one too many
	}
	return sum
}

func checkout(ctx context.Context, m *metlog.Client, i int) {
	ctx, end := metlog.Scope(ctx)
	defer end()
	defer func() { m.Panic(ctx, recover(), slog.String("transaction", "POST /cart"), slog.Int("order", i)) }()
	c := cart{Customer: fmt.Sprintf("customer-%d", i), Lines: []cartLine{{"pen", 1.25}, {"ink", 3.5}}}
	metlog.Watch(ctx, "cart", &c)
	total(ctx, &c)
}

// panicMessages are what a client captures: frames, lines of source and variables.
func panicMessages(n int) []envelope.Message {
	return collected(func(m *metlog.Client) {
		for i := range n {
			checkout(context.Background(), m, i)
		}
	})
}

func deployMessages(n int) []envelope.Message {
	return collected(func(m *metlog.Client) {
		for i := range n {
			m.Emit(context.Background(), "deploy", "v42 is out", slog.Int("hosts", i))
		}
	})
}

// sentryEvent is a message's event as sentry-go has it.
func sentryEvent(m *envelope.Message) *sentry.Event {
	event := new(sentry.Event)
	var members map[string]json.RawMessage
	must(json.Unmarshal([]byte(m.Payload()), &members))
	for _, name := range []string{"exception", "breadcrumbs", "threads"} { // which it writes without a name for the list, and reads so
		var list struct{ Values json.RawMessage }
		if members[name] != nil {
			must(json.Unmarshal(members[name], &list))
			members[name] = list.Values
		}
	}
	text, err := json.Marshal(members)
	must(err)
	must(json.Unmarshal(text, event))
	event.EventID = ""
	return event
}

// legacyMessages hold the frames of m's event as a client of 2012 wrote them.
func legacyMessages(n int, m *envelope.Message) []envelope.Message {
	text, err := json.Marshal(map[string]any{
		"level": 50, "message": "x", "culprit": "cart in checkout",
		"sentry.interfaces.Exception":  map[string]string{"type": "E", "value": "v"},
		"sentry.interfaces.Stacktrace": sentryEvent(m).Exception[0].Stacktrace,
	})
	must(err)
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err = z.Write(text)
	must(err)
	must(z.Close())
	all := make([]envelope.Message, n)
	for i := range all {
		payload := base64.StdEncoding.EncodeToString(b.Bytes())
		all[i], err = envelope.Draft{Type: envelope.TypeException, Logger: "shop", Severity: envelope.Error, Payload: payload}.Seal()
		must(err)
	}
	return all
}
