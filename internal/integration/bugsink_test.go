package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A bugsink is a real server that takes Sentry's events.
type bugsink struct {
	t     testing.TB
	base  string
	dir   string
	env   []string
	token string
	key   string
	id    string // of the project

	stop    func()           // ends the server at once, whatever it is doing
	browser *http.Client     // one that is logged in
	issues  map[string]bool  // those whose events are in where
	where   map[string]place // of events, by their id
}

// A place is where the server has an event.
type place struct{ event, issue, title string }

const bugsinkUser, bugsinkPassword = "admin@example.org", "correct-horse-9"

// startBugsink starts one that stores an event before it answers.
func startBugsink(t testing.TB) *bugsink {
	t.Helper()
	port := freePort(t)
	b := &bugsink{
		t: t, base: fmt.Sprintf("http://127.0.0.1:%d", port), dir: t.TempDir(),
		issues: make(map[string]bool), where: make(map[string]place),
	}
	b.env = append(os.Environ(), "DJANGO_SETTINGS_MODULE=bugsink_conf", "PYTHONPATH="+b.dir, "CREATE_SUPERUSER="+bugsinkUser+":"+bugsinkPassword)
	b.run("bugsink-create-conf", "--template=local", "--host=127.0.0.1", fmt.Sprintf("--port=%d", port))
	b.configure()
	b.run("bugsink-manage", "migrate", "-v0")
	b.run("bugsink-manage", "migrate", "-v0", "snappea", "--database=snappea")
	b.run("bugsink-manage", "prestart")
	b.token = regexp.MustCompile(`[0-9a-f]{40}`).FindString(b.run("bugsink-manage", "create_auth_token"))
	b.serve()
	b.createProject()
	b.login()
	return b
}

// serve starts the server, and waits until it is ready.
func (b *bugsink) serve() {
	b.t.Helper()
	server := b.command("gunicorn", "--bind", strings.TrimPrefix(b.base, "http://"), "--workers", "1", "--threads", "4", "--graceful-timeout", "1", "--no-control-socket", "bugsink.wsgi")
	start(b.t, server)
	b.stop = func() { // its worker would outlive a kill
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	}
	b.t.Cleanup(b.stop)
	eventually(b.t, func() string { return "bugsink is not ready" }, func() bool {
		reply, err := http.Get(b.base + "/health/ready")
		if err != nil {
			return false
		}
		reply.Body.Close()
		return reply.StatusCode == http.StatusOK
	})
}

func (b *bugsink) configure() {
	b.t.Helper()
	settings, err := os.ReadFile("testdata/bugsink/settings.py")
	if err != nil {
		b.t.Fatal(err)
	}
	b.set(fmt.Sprintf("DIR = %q\n%s", b.dir, settings))
}

// set adds settings, which count from the next start on.
func (b *bugsink) set(settings string) {
	b.t.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, "bugsink_conf.py"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f, "\n%s\n", settings); err != nil {
		b.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bugsink) createProject() {
	b.t.Helper()
	var team struct{ ID string }
	b.api("teams/", map[string]string{"name": "metlog"}, &team)
	b.api("projects/", map[string]string{"team": team.ID, "name": "metlog"}, nil)
	var projects struct{ Results []struct{ ID int } }
	b.api("projects/?team="+team.ID, nil, &projects)
	b.id = fmt.Sprint(projects.Results[0].ID)
	var project struct{ DSN string }
	b.api("projects/"+b.id+"/", nil, &project)
	dsn, err := url.Parse(project.DSN)
	if err != nil {
		b.t.Fatal(err)
	}
	b.key = dsn.User.Username()
}

func (b *bugsink) command(name string, args ...string) *exec.Cmd {
	program, err := filepath.Abs("testdata/venv/bin/" + name)
	if err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	return cmd
}

func (b *bugsink) run(name string, args ...string) string {
	b.t.Helper()
	out, err := b.command(name, args...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// api calls the server's API and decodes its reply into to.
func (b *bugsink) api(path string, body, to any) {
	b.t.Helper()
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		text, _ = json.Marshal(body)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+"/api/canonical/0/"+path, bytes.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	request.Header.Set("Content-Type", "application/json")
	reply := b.do(http.DefaultClient, request)
	if to != nil {
		if err := json.Unmarshal([]byte(reply), to); err != nil {
			b.t.Fatalf("%s: %v in %s", path, err, reply)
		}
	}
}

// do returns the body of the reply to a request, which must succeed.
func (b *bugsink) do(client *http.Client, request *http.Request) string {
	b.t.Helper()
	reply, err := client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode >= 300 {
		b.t.Fatalf("%s: %s, %v: %.2000s", request.URL.Path, reply.Status, err, text)
	}
	return string(text)
}

// send posts an event as an envelope.
func (b *bugsink) send(id, event string) {
	b.t.Helper()
	text := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, len(event), event)
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+"/api/"+b.id+"/envelope/", strings.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("X-Sentry-Auth", "Sentry sentry_key="+b.key)
	b.do(http.DefaultClient, request)
}

// A stored event is what the server has of one.
type storedEvent struct {
	ID         string
	EventID    string `json:"event_id"`
	Issue      string
	Title      string
	Data       any
	Stacktrace string `json:"stacktrace_md"`
}

// stored finds an event. It looks at new issues first.
func (b *bugsink) stored(id string) (e storedEvent) {
	b.t.Helper()
	for _, again := range []bool{false, true} {
		b.look(again)
		if at, ok := b.where[id]; ok {
			b.api("events/"+at.event+"/", nil, &e)
			e.Issue, e.Title = at.issue, at.title
			return e
		}
	}
	b.t.Fatalf("event %s is not there: %+v", id, b.where)
	return e
}

// look finds where the events of new issues are, or those of all.
func (b *bugsink) look(all bool) {
	b.t.Helper()
	type page struct {
		Next    string
		Results []struct {
			ID      string
			Type    string `json:"calculated_type"`
			Text    string `json:"calculated_value"`
			EventID string `json:"event_id"`
		}
	}
	for next := "issues/?project=" + b.id; next != ""; {
		var issues page
		b.api(next, nil, &issues)
		for _, issue := range issues.Results {
			if b.issues[issue.ID] && !all {
				continue
			}
			b.issues[issue.ID] = true
			var events page
			b.api("events/?issue="+issue.ID, nil, &events)
			for _, event := range events.Results {
				b.where[strings.ReplaceAll(event.EventID, "-", "")] = place{event.ID, issue.ID, issue.Type + ": " + issue.Text}
			}
		}
		_, next, _ = strings.Cut(issues.Next, "/api/canonical/0/")
	}
}

func (b *bugsink) login() {
	b.t.Helper()
	jar, _ := cookiejar.New(nil)
	b.browser = &http.Client{Jar: jar}
	login := b.base + "/accounts/login/"
	request, _ := http.NewRequestWithContext(b.t.Context(), http.MethodGet, login, nil)
	form := b.do(b.browser, request)
	match := regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]+)"`).FindStringSubmatch(form)
	if match == nil {
		b.t.Fatalf("no form in %s", form)
	}
	values := url.Values{"username": {bugsinkUser}, "password": {bugsinkPassword}, "csrfmiddlewaretoken": {match[1]}}
	request, _ = http.NewRequestWithContext(b.t.Context(), http.MethodPost, login, strings.NewReader(values.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Referer", login)
	b.do(b.browser, request)
}

// page returns the text of an issue's page, as one who is logged in sees it.
func (b *bugsink) page(issue string) string {
	b.t.Helper()
	request, _ := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+"/issues/issue/"+issue+"/event/last/", nil)
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(b.do(b.browser, request), ""))
}

type line struct {
	Item  string
	Price float64
}

type order struct {
	Customer string
	Lines    []line
	Card     struct{ Number, Token string }
	Sizes    map[string]int
}

//go:noinline
func checkout(ctx context.Context, o *order) float64 {
	total := 0.0
	metlog.Watch(ctx, "total", &total)
	for i := 0; i <= len(o.Lines); i++ {
		metlog.Var(ctx, "i", i)
		total += o.Lines[i].Price // one too many
	}
	return total
}

func serve(ctx context.Context, m *metlog.Client) {
	ctx, end := metlog.Scope(ctx)
	defer end()
	defer func() {
		m.Panic(ctx, recover(), slog.String("transaction", "POST /cart"),
			slog.Group("request", slog.String("method", "POST"), slog.String("url", "http://shop.example/cart")))
	}()
	o := order{Customer: "Zoë <b>&", Lines: []line{{"pen", 1.25}, {"ink", 3.5}}, Sizes: map[string]int{"a": 1}}
	o.Card.Number, o.Card.Token = "of a card", secret
	metlog.Watch(ctx, "order", &o)
	metlog.Var(ctx, "password", secret)
	checkout(ctx, &o)
}

// secret stands in no line of source, which are in the event too.
var secret = strings.Repeat("s3", 8)

var errRefused = errors.New("card refused")

// One server is enough for all that is shown with it: to set one up takes longer than the rest.
func TestBugsink(t *testing.T) {
	b := startBugsink(t)
	t.Run("exceptions", func(t *testing.T) { exceptionsInBugsink(t, b.with(t)) })
	t.Run("sentrysink", func(t *testing.T) { sentrysinkToBugsink(t, b.with(t)) })
}

// with returns b for a test of its own.
func (b *bugsink) with(t testing.TB) *bugsink {
	other := *b
	other.t = t
	return &other
}

// Events as the client makes them are stored as they were sent, and their frames, lines of source and variables are there.
func exceptionsInBugsink(t *testing.T, b *bugsink) {
	var messages []envelope.Message
	to := sink.Each(func(_ context.Context, m envelope.Message) error {
		messages = append(messages, m)
		return nil
	})
	m, err := metlog.New(to, &metlog.Options{Logger: "shop", Hostname: "web3"})
	if err != nil {
		t.Fatal(err)
	}
	serve(t.Context(), m)
	m.Exception(t.Context(), fmt.Errorf("paying: %w", errors.Join(errRefused, os.ErrDeadlineExceeded)))
	half := json.RawMessage(`{"half":"\ud83d","huge":1e400,"nul":"\u0000"}`)
	ctx := metlog.Var(t.Context(), "bad", map[string]any{"a": math.NaN()})
	ctx = metlog.Var(ctx, "bytes", "\xff\xed\xa0\xbd")
	ctx = metlog.Var(ctx, "numbers", []any{math.Inf(1), uint64(math.MaxUint64), float32(1) / 3})
	m.Exception(ctx, errors.New("bad\x00 \xff "+strings.Repeat("long ", 100_000)), slog.Any("half", half), slog.Any("nan", math.NaN()),
		slog.String("name\n\xff", strings.Repeat("x", 50_000)))
	line := metlog.Line{
		Severity: envelope.Critical, Type: "panic", Error: "card refused", Message: "cannot sell",
		Fields: fmt.Appendf(nil, `{"card_key":%q,"half":%s}`, secret, half),
		Frames: []runtime.Frame{{Function: "pay", File: "gateway.go", Line: 17}},
	}
	if err := m.EmitLine(t.Context(), &line); err != nil {
		t.Fatal(err)
	}
	if err := m.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(messages) != 4 {
		t.Fatalf("%d messages", len(messages))
	}

	var stored []storedEvent
	for _, message := range messages {
		var sent struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(message.Payload()), &sent); err != nil {
			t.Fatal(err)
		}
		b.send(sent.ID, message.Payload())
		e := b.stored(sent.ID)
		var data any
		if err := json.Unmarshal([]byte(message.Payload()), &data); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(e.Data, data) {
			t.Errorf("sent   %v\nstored %v", data, e.Data)
		}
		stored = append(stored, e)
	}

	panicked := stored[0]
	if want := "runtime.boundsError: runtime error: index out of range [2] with length 2"; panicked.Title != want {
		t.Errorf("title %q", panicked.Title)
	}
	contains(t, "stack", panicked.Stacktrace, "checkout", "serve", "bugsink_test.go", "total += o.Lines[i].Price // one too many", "4.75",
		"Zoë", "ink", "[redacted]", "map[string]int of 1")
	contains(t, "page", b.page(panicked.Issue), "checkout", "total += o.Lines[i].Price // one too many", "4.75", "Zoë <b>&", "pen",
		"[redacted]")
	for _, i := range []int{0, 3} {
		if strings.Contains(messages[i].JSON(), secret) || !strings.Contains(messages[i].JSON(), "[redacted]") {
			t.Errorf("a secret is in the event: %s", messages[i].JSON())
		}
	}
	joined := stored[1]
	if want := "*fmt.wrapError: paying: card refused"; !strings.HasPrefix(joined.Title, want) {
		t.Errorf("title %q", joined.Title)
	}
	contains(t, "stack", joined.Stacktrace, "exceptionsInBugsink", "os.ErrDeadlineExceeded")
	contains(t, "page", b.page(joined.Issue), "card refused", "*errors.joinError", "i/o timeout")
	contains(t, "stack", stored[2].Stacktrace, "map[string]interface {} of 1", "+Inf", "18446744073709551615")
	if want := "panic: card refused"; stored[3].Title != want {
		t.Errorf("title %q, want %q", stored[3].Title, want)
	}
	contains(t, "stack", stored[3].Stacktrace, "pay", "gateway.go", "17")
	contains(t, "page", b.page(stored[3].Issue), "card refused", "gateway.go in pay line 17")
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the %s:\n%.20000s", part, what, text)
		}
	}
}
