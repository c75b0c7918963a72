package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/certtest"
	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A card is one router with every endpoint it can have, each a real server.
type card struct {
	stats  *statsd
	syslog *rsyslog
	sentry *bugsink
	hdfs   *hadoop
	router *router

	security []envelope.Message // events that come from the old clients
	request  cef.Event          // and one from ours
	crashes  []envelope.Message // events of today's form
	old      []string           // ids of the old form's
	archived []string
	dead     []string // payloads of dead letters, and what is no envelope
}

// Messages of every type, from a client of 2012 and from ours, end each where it belongs, once, and what an endpoint has no
// use for is a dead letter in HDFS. That the router is told to end while queues are full of them changes nothing.
func wholeCard(t *testing.T, h *hadoop) {
	c := startCard(t, h)
	c.sendOld(t)
	c.sendNew(t)
	// The last message of each sender is archived, so all before it are on their way.
	eventually(t, c.router.output.String, func() bool { return c.router.holds(`"last"`, 2) })
	report := c.router.stop()
	t.Log("\n" + report)
	c.checkReport(t, report)
	c.checkStatsd(t)
	c.checkSyslog(t)
	c.checkSentry(t)
	c.checkArchive(t)
}

func startCard(t *testing.T, h *hadoop) *card {
	const root = "/card"
	files := h.reader(t)
	if err := errors.Join(files.MkdirAll(root, 0o755), files.Chown(root, "metlog", "supergroup")); err != nil {
		t.Fatal(err)
	}
	ca, dir := certtest.New(t), t.TempDir()
	server, client := ca.Issue(t, "localhost", time.Hour), ca.Issue(t, "router", time.Hour)
	ca.Write(t, dir, &client)
	c := &card{stats: startStatsd(t), syslog: startRsyslog(t, ca, &server), sentry: startBugsink(t), hdfs: h}
	_, port, err := net.SplitHostPort(c.syslog.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.router = startRouter(t, "-statsd", c.stats.addr, "-cef", "tls://localhost:"+port, "-cef-ca", filepath.Join(dir, "ca.pem"),
		"-cef-cert", filepath.Join(dir, "cert.pem"), "-cef-key", filepath.Join(dir, "key.pem"), "-sentry", c.sentry.dsn(),
		"-hdfs", h.addr, "-hdfs-root", root, "-hdfs-user", "metlog")
	return c
}

const someOfEach = 50

// sendOld sends what clients of 2012 did, by Python's ZeroMQ.
func (c *card) sendOld(t *testing.T) {
	c.security = hostileEvents(t)
	var frames []string
	for i := range c.security {
		frames = append(frames, c.security[i].JSON())
	}
	for _, v := range goldenVectors(t) { // as they were recorded, all types that only the archive takes
		m, err := envelope.Parse([]byte(v.text))
		if err == nil && !v.dead && !v.bad && !v.stat && m.Type() != envelope.TypeCEF && m.Type() != envelope.TypeException {
			frames, c.archived = append(frames, v.frame), append(c.archived, v.text)
		}
	}
	for n := range someOfEach {
		id := fmt.Sprintf("%032x", 0xca4d00+n)
		c.old = append(c.old, id)
		event := strings.Replace(nodeEvent, "0123456789abcdef0123456789abcdef", id, 1)
		order := fmt.Sprintf(`{"type": "order", "logger": "shop", "severity": 6, "payload": "", "fields": {"id": %d, "total": 12.50}}`, n)
		frames = append(frames, order,
			fmt.Sprintf(`{"type": "timer", "logger": "old", "payload": "%d", "fields": {"name": "view", "rate": 1.0}}`, n),
			`{"type": "counter", "logger": "old", "payload": "2", "fields": {"name": "sold", "rate": 1}}`,
			fmt.Sprintf(`{"type": "sentry", "logger": "shop", "severity": 3, "payload": "%s", "fields": {}}`, packEvent(t, event)))
		c.archived = append(c.archived, order)
	}
	c.dead = []string{
		`{"type": "cef", "payload": "CEF:0|half an event", "fields": {}}`, `{"type": "cef", "payload": "", "fields": {"cef_meta": "none"}}`,
		`{"type": "sentry", "payload": "not base64", "fields": {}}`, `{"type": "sentry", "payload": "[1]", "fields": {}}`,
		`{"type": "timer", "logger": "old", "payload": "soon", "fields": {"name": "view"}}`, "no envelope",
	}
	last := `{"type": "last", "payload": "old"}`
	c.archived = append(c.archived, last)
	frames = append(append(frames, c.dead...), `{"type": "gauge", "logger": "old", "payload": "7", "fields": {"name": "queue"}}`, last)
	client := python(t, "push", c.router.zmq)
	client.send(frames...)
	client.close()
}

// sendNew sends what an instrumented service does today.
func (c *card) sendNew(t *testing.T) {
	to, err := zmqsink.New(c.router.zmq, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := sink.Map(to, func(m envelope.Message) (envelope.Message, error) {
		switch m.Type() {
		case envelope.TypeException:
			c.crashes = append(c.crashes, m.Clone())
		case "order", "oldstyle", "last":
			c.archived = append(c.archived, strings.Clone(m.JSON()))
		}
		return m, nil
	})
	m, err := metlog.New(seen, &metlog.Options{Logger: "new", Hostname: "web4"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for n := range someOfEach {
		m.Incr("sold", 3)
		m.Timer("view").Send(time.Duration(n) * time.Millisecond)
		m.Emit(ctx, "order", "", slog.Int("id", n), slog.Float64("total", 12.5))
	}
	m.Gauge("queue", -7.5)
	m.Log(ctx, envelope.Warning, "v42 is out")
	r := httptest.NewRequest(http.MethodPost, "http://shop.example.net/log|in?next=/cart%20x=1&password=s3", nil)
	r.RemoteAddr = "10.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "192.0.2.7, 203.0.113.9")
	r.Header.Set("User-Agent", `a "browser" \ 1.0 suser=root`)
	r.SetBasicAuth("amy=root\nCEF:0|", "s3")
	c.request = middleware.Event(r, &middleware.EventOptions{
		Base:    cef.Event{Vendor: "Example|", Product: "shop", DeviceVersion: "1.4"},
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Query: []string{"next"},
	})
	c.request.Signature, c.request.Name, c.request.Severity = cef.AuthFailure, "bad login", 5
	m.CEF(ctx, c.request, cef.Meta{Priority: "WARNING", Facility: "AUTH", Ident: "sshd"}) // which the router does not allow
	serve(ctx, m)
	m.Exception(metlog.Var(ctx, "cart", map[string]any{"items": []string{"pen", "ink"}, "token": secret}), fmt.Errorf("paying: %w", errRefused))
	m.Emit(ctx, "last", "new")
	for _, end := range []func(context.Context) error{m.Shutdown, to.Shutdown} {
		if err := end(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// checkReport looks at what the router says of itself. That its books balance is its exit status.
func (c *card) checkReport(t *testing.T, report string) {
	t.Helper()
	security, crashes := len(c.security)+1, len(c.old)+len(c.crashes)
	stats := 4*someOfEach + 2
	for name, want := range map[string]entry{
		"zmq pull " + c.router.zmq: {
			offered: stats + security + crashes + len(c.archived) + len(c.dead), done: stats + security + crashes + len(c.archived) + 4,
			dropped: map[string]int{"deadletter": 2},
		},
		"statsd udp://":  {offered: stats + 1, done: stats, refused: 1},
		"cef tls://":     {offered: security + 2, done: security, refused: 2},
		"sentry http://": {offered: crashes + 2, done: crashes, refused: 2},
		"archive ":       {offered: len(c.archived) + len(c.dead), done: len(c.archived) + len(c.dead)},
	} {
		got := account(t, report, name)
		if got.offered != want.offered || got.done != want.done || got.refused != want.refused || got.dropped["deadletter"] != want.dropped["deadletter"] {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	contains(t, "report", report, "Every message is accounted for. The archive is /card/dt=*/hour=* in HDFS")
	if left := visible(t, c.router.archive); len(left) > 0 || len(c.router.lines()) > 0 {
		t.Errorf("not shipped: %q", left)
	}
}

func (c *card) checkStatsd(t *testing.T) {
	t.Helper()
	const lines = 4*someOfEach + 3 // a negative gauge takes two
	eventually(t, func() string { return "statsd has read all lines" }, func() bool { return c.stats.counters()["statsd.metrics_received"] >= lines })
	counters := c.stats.counters()
	for name, want := range map[string]float64{"old.sold": 2 * someOfEach, "new.sold": 3 * someOfEach, "statsd.metrics_received": lines, "statsd.bad_lines_seen": 0} {
		if counters[name] != want {
			t.Errorf("counter %s is %v, not %v", name, counters[name], want)
		}
	}
	var times []float64
	for n := range someOfEach {
		times = append(times, float64(n))
	}
	expectValues(t, "timers", c.stats.values("timers"), map[string][]float64{"old.view": times, "new.view": times})
	expectValues(t, "gauges", c.stats.values("gauges"), map[string][]float64{"old.queue": {7}, "new.queue": {-7.5}, "statsd.timestamp_lag": nil})
}

func (c *card) checkSyslog(t *testing.T) {
	t.Helper()
	all := c.syslog.wait(len(c.security) + 1)
	if len(all) != len(c.security)+1 {
		t.Errorf("rsyslog wrote %d lines", len(all))
	}
	ours := slices.IndexFunc(all, func(e logged) bool { return e.Host == "web4" })
	if ours < 0 {
		t.Fatalf("rsyslog wrote %+v", all)
	}
	e := all[ours]
	line, err := cef.Parse(e.Msg)
	if err != nil || e.Pri != "164" || e.App != "metlog" || e.Pid != "-" || line.Vendor != c.request.Vendor || line.Name != c.request.Name || !slices.Equal(line.Extensions, c.request.Extensions) {
		t.Errorf("%v: rsyslog wrote %+v", err, e)
	}
	t.Logf("rsyslog wrote %+v", e)
	for i, e := range slices.Delete(all, ours, ours+1) { // the others in their order
		if e.App != "metlog" {
			t.Errorf("ident %q, which the router does not allow", e.App)
		}
		e.App = "shop"
		checkEntry(t, e, 0, "tls", hostile[i])
	}
}

func (c *card) checkSentry(t *testing.T) {
	t.Helper()
	for i := range c.crashes {
		var sent map[string]any
		if err := json.Unmarshal([]byte(c.crashes[i].Payload()), &sent); err != nil {
			t.Fatal(err)
		}
		if e := c.sentry.stored(fmt.Sprint(sent["event_id"])); !reflect.DeepEqual(e.Data, any(sent)) {
			t.Errorf("sent   %.2000v\nstored %.2000v", sent, e.Data)
		}
	}
	for _, id := range c.old {
		if e := c.sentry.stored(id); e.Title != "ReferenceError: cart is not defined" {
			t.Errorf("title %q", e.Title)
		}
	}
	c.sentry.look(true)
	if want := len(c.crashes) + len(c.old); len(c.sentry.where) != want || len(c.crashes) != 2 {
		t.Errorf("%d events are stored, not %d", len(c.sentry.where), want)
	}
}

func (c *card) checkArchive(t *testing.T) {
	t.Helper()
	var archived, dead, why []string
	for name, file := range c.hdfs.fetch(t, "/card") {
		t.Log(name)
		for _, line := range gunzipLines(t, file) {
			m, err := envelope.Parse([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			switch m.Type() {
			case envelope.TypeDeadLetter, envelope.TypeUndecodable:
				reason, _ := m.Field("error")
				dead, why = append(dead, m.Payload()), append(why, reason.String())
			default:
				archived = append(archived, line)
			}
		}
	}
	same(t, "archived in HDFS", archived, c.archived)
	same(t, "dead letters in HDFS", dead, c.dead)
	t.Logf("dead letters: %q", why)
}
