package integration

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// What sentrysink sends is read back, event by event: a server's 200 alone says little.
func sentrysinkToBugsink(t *testing.T, b *bugsink) {
	to, err := sentrysink.New(b.dsn(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a panic", func(t *testing.T) { panicInBugsink(t, b.with(t), to) })
	t.Run("recorded events", func(t *testing.T) { recordingsInBugsink(t, b.with(t), to) })
	t.Run("an event of Node", func(t *testing.T) { nodeInBugsink(t, b.with(t), to) })
	t.Run("a message", func(t *testing.T) { messageInBugsink(t, b.with(t), to) })
	t.Run("what a server drops", func(t *testing.T) { hostileInBugsink(t, b.with(t), to) })
	t.Run("too large", func(t *testing.T) { largeInBugsink(t, b.with(t), to) })
	t.Run("wrong keys", func(t *testing.T) { keysInBugsink(t, b.with(t)) })
	t.Run("a restart", func(t *testing.T) { restartOfBugsink(t, b.with(t)) })
	if err := to.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if account := to.Account(); !account.Balanced() || account.Refused != 0 || strings.Contains(account.Name, b.key) {
		t.Errorf("account: %+v", account)
	}
}

func (b *bugsink) dsn() string {
	return strings.Replace(b.base, "://", "://"+b.key+"@", 1) + "/" + b.id
}

func panicInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	var sent []envelope.Message
	m, err := metlog.New(sink.Map(to, func(m envelope.Message) (envelope.Message, error) {
		sent = append(sent, m.Clone())
		return m, nil
	}), &metlog.Options{Logger: "shop", Hostname: "web3"})
	if err != nil {
		t.Fatal(err)
	}
	serve(t.Context(), m)
	if err := m.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(sent) != 1 {
		t.Fatalf("%d messages", len(sent))
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(sent[0].Payload()), &event); err != nil {
		t.Fatal(err)
	}
	e := b.stored(fmt.Sprint(event["event_id"]))
	if !reflect.DeepEqual(e.Data, any(event)) {
		t.Errorf("sent   %.2000v\nstored %.2000v", event, e.Data)
	}
	if want := "runtime.boundsError: runtime error: index out of range [2] with length 2"; e.Title != want {
		t.Errorf("title %q", e.Title)
	}
	contains(t, "page", b.page(e.Issue), "checkout", "total += o.Lines[i].Price // one too many", "4.75", "Zoë <b>&", "pen", "[redacted]")
}

// legacyEvent returns the event that an old client packed.
func legacyEvent(t *testing.T, payload string) (event map[string]any) {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&event); err != nil {
		t.Fatal(err)
	}
	return event
}

func packEvent(t *testing.T, event string) string {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := io.WriteString(z, event); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

func recordingsInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	n := 0
	for _, recorded := range recordings(t, "py-*/sentry.jsonl") {
		m, err := envelope.Parse(recorded.raw)
		if err != nil {
			t.Fatal(err)
		}
		if recorded.name == "sentry-payload" { // no event: a caller's own text
			continue
		}
		n++
		t.Run(recorded.client+"/"+recorded.name, func(t *testing.T) { recordingInBugsink(t, b.with(t), to, &m, n) })
	}
	if n < 16 {
		t.Errorf("only %d recordings", n)
	}
}

// recordingInBugsink sends one recording, with an id that no other has, and looks for all of it on the server.
func recordingInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink, m *envelope.Message, n int) {
	old := legacyEvent(t, m.Payload())
	id := fmt.Sprintf("%032x", 0xabc000+n)
	old["event_id"] = id // the recordings all begin to count at one
	text, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	again, err := envelope.Draft{Type: m.Type(), Logger: m.Logger(), Severity: m.Severity(), Payload: packEvent(t, string(text))}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Send(t.Context(), []envelope.Message{again}); err != nil {
		t.Fatal(err)
	}
	e := b.stored(id)
	exception, _ := old["sentry.interfaces.Exception"].(map[string]any)
	if want := fmt.Sprintf("%s: %s", exception["type"], exception["value"]); e.Title != want {
		t.Errorf("title %q, want %q", e.Title, want)
	}
	page := b.page(e.Issue)
	stack, _ := old["sentry.interfaces.Stacktrace"].(map[string]any)
	frames, _ := stack["frames"].([]any)
	if len(frames) == 0 {
		t.Fatal("no frames")
	}
	shown := []string{exception["type"].(string), exception["value"].(string)}
	for _, frame := range frames {
		frame, _ := frame.(map[string]any)
		shown = append(shown, fmt.Sprint(frame["function"]), fmt.Sprint(frame["filename"]), fmt.Sprint(frame["lineno"]))
		if line, ok := frame["context_line"].(string); ok {
			shown = append(shown, strings.TrimSpace(line))
		}
		vars, _ := frame["vars"].(map[string]any)
		for name, value := range vars {
			shown = append(shown, name)
			if number, ok := value.(float64); ok {
				shown = append(shown, fmt.Sprint(number))
			}
		}
	}
	contains(t, "page", page, shown...)
}

// An event as raven for Node wrote it in 2012; nobody recorded one.
const nodeEvent = `{"message":"ReferenceError: cart is not defined","sentry.interfaces.Exception":{"type":"ReferenceError","value":"cart is not defined"},
"sentry.interfaces.Stacktrace":{"frames":[{"filename":"module.js","lineno":456,"function":"Module._compile","in_app":false,"vars":{}},
{"filename":"/srv/shop/app.js","lineno":9,"pre_context":["function total() {"],"context_line":"  return cart.total;","post_context":["}"],"function":"total","in_app":true,"vars":{}}]},
"sentry.interfaces.Http":{"url":"http://shop.example/cart","method":"POST","query_string":"a=1&token=t0","cookies":"session=t0","headers":{"host":"shop.example","authorization":"t0"},"env":{"REMOTE_ADDR":"192.0.2.1"}},
"culprit":"app.js in total","event_id":"0123456789abcdef0123456789abcdef","project":"7","server_name":"n1","timestamp":"2012-10-25T18:04:09","logger":"","site":null,"tags":{},"extra":{"node":"v0.8.9"},"level":"error","platform":"node"}`

func nodeInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	m, err := envelope.Draft{Type: envelope.TypeException, Logger: "shop-node", Severity: envelope.Error, Payload: packEvent(t, nodeEvent)}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Send(t.Context(), []envelope.Message{m, m}); err != nil { // twice, as after an answer that was lost
		t.Fatal(err)
	}
	e := b.stored("0123456789abcdef0123456789abcdef")
	if want := "ReferenceError: cart is not defined"; e.Title != want {
		t.Errorf("title %q", e.Title)
	}
	contains(t, "page", b.page(e.Issue), "Module._compile", "return cart.total;", "/srv/shop/app.js")
	text, _ := json.Marshal(e.Data)
	contains(t, "event", string(text), `"REMOTE_ADDR":"192.0.2.1"`, `token=[redacted]`, `"node":"v0.8.9"`, `"platform":"node"`)
	if strings.Contains(string(text), "t0") {
		t.Errorf("a secret is in %s", text)
	}
}

func messageInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	m, err := envelope.Draft{
		Type: "deploy", Logger: "shop", Hostname: "web3", PID: 411, Severity: envelope.Warning, Payload: "v42 is out\nand more",
		Fields: []slog.Attr{slog.Int("hosts", 12), slog.Group("by", slog.String("name", "amy"), slog.String("token", "t0"))},
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Send(t.Context(), []envelope.Message{m}); err != nil {
		t.Fatal(err)
	}
	e := b.stored(m.Meta().ID.String())
	if want := "Log Message: v42 is out"; e.Title != want {
		t.Errorf("title %q", e.Title)
	}
	text, _ := json.Marshal(e.Data)
	contains(t, "event", string(text), `"hosts":12`, `"name":"amy"`, `"token":"[redacted]"`, `"level":"warning"`, `"logger":"shop"`, `"server_name":"web3"`, `"type":"deploy"`)
}

// Each of these costs an event there, or breaks its page, when it is sent as it stands; see Bugsink 2.6.1.
func hostileInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	for i, members := range []string{
		`"tags":null`, `"sdk":null`, `"timestamp":"yesterday"`, `"timestamp":null`, `"timestamp":1e300`, `"server_name":7`, `"server_name":{"a":1}`,
		`"exception":{"values":[{"type":"E","value":7}]}`, `"exception":{"values":[{"type":{"a":1},"value":["x"]}]}`, `"exception":{"values":null}`, `"exception":7`,
		`"exception":{"values":[null,7,{"type":"E","value":"v","stacktrace":null}]}`, `"exception":{"values":[{"type":"E\ud83d","value":"\udc00v"}]}`,
		`"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"vars":"<invalid local scope>","function":7},{"vars":[1,"\ud83d"]},null]}}]}`,
		`"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"f","lineno":"x","vars":{"a":1e400,"b":-1e999,"\ud83d":"\u0000"}}]}}]}`,
		`"message":"half \ud83d and \u0000"`, `"message":{"message":7}`, `"logentry":null`, `"logentry":{"formatted":{"a":1}}`, `"level":40`, `"level":"panic"`,
		`"user":null`, `"contexts":null`, `"contexts":{"a":null,"b":7,"c":{"d":1e400}}`, `"breadcrumbs":{"values":[null,{"timestamp":"never","message":7}]}`, `"breadcrumbs":7`,
		`"threads":{"values":null}`, `"request":7`, `"request":{"url":7,"method":null,"headers":{"a":null}}`, `"debug_meta":{"images":null}`, `"_meta":7`, `"extra":[1]`,
		`"fingerprint":[null,7]`, `"fingerprint":"x"`, `"modules":{"a":null,"b":7}`, `"tags":[["a",1],["b"],null]`, `"tags":{"a":{"b":1},"c":null}`,
		`"release":7`, `"environment":null`, `"platform":7`, `"logger":{}`, `"transaction":["x"]`, `"stacktrace":7`, `"errors":7`, `"dist":7`,
		`"number":` + strings.Repeat("9", 5000),
	} {
		t.Run(members[:min(len(members), 60)], func(t *testing.T) {
			b := b.with(t)
			id := fmt.Sprintf("%032x", 0xdef000+i)
			event := `{"event_id":"` + id + `","message":"hostile ` + fmt.Sprint(i) + `",` + members + `}`
			m, err := envelope.Draft{Type: envelope.TypeException, Severity: envelope.Error, Payload: event}.Seal()
			if err != nil {
				t.Fatal(err)
			}
			if err := to.Send(t.Context(), []envelope.Message{m}); err != nil {
				t.Fatal(err)
			}
			b.page(b.stored(id).Issue) // both must succeed
		})
	}
}

func largeInBugsink(t *testing.T, b *bugsink, to *sentrysink.Sink) {
	id := strings.Repeat("ab", 16)
	vars := strings.Repeat(`"v":"`+strings.Repeat("x", 1000)+`",`, 1500) + `"last":1`
	event := `{"event_id":"` + id + `","exception":{"values":[{"type":"Large","value":"event","stacktrace":{"frames":[{"function":"f","lineno":1,"vars":{` + vars + `}}]}}]}}`
	m, err := envelope.Draft{Type: envelope.TypeException, Severity: envelope.Error, Payload: event}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Send(t.Context(), []envelope.Message{m}); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(b.stored(id).Data)
	contains(t, "event", string(text), `"metlog.cut":"variables"`, `"function":"f"`)
}

// A key that is wrong is a fault of the configuration, or of the message that named it.
func keysInBugsink(t *testing.T, b *bugsink) {
	wrong := strings.Repeat("ab", 16)
	other := strings.Replace(b.dsn(), b.key, wrong, 1)
	for _, test := range []struct {
		name      string
		dsn       string
		fields    []slog.Attr
		permanent bool
	}{
		{"configured", other, nil, false},
		{"in the message", b.dsn(), []slog.Attr{slog.String("dsn", other)}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			to, err := sentrysink.New(test.dsn, &sentrysink.Options{Allow: []string{strings.TrimPrefix(b.base, "http://")}})
			if err != nil {
				t.Fatal(err)
			}
			defer to.Close()
			m, err := envelope.Draft{Type: "deploy", Payload: "v42", Fields: test.fields}.Seal()
			if err != nil {
				t.Fatal(err)
			}
			err = to.Send(t.Context(), []envelope.Message{m})
			for _, failure := range sink.Failures(err, 1) {
				var answer *sentrysink.AnswerError
				if !errors.As(failure, &answer) || answer.Status != 403 || sink.IsPermanent(failure) != test.permanent {
					t.Errorf("error %v, permanent %v", failure, sink.IsPermanent(failure))
				}
			}
			if err == nil || strings.Contains(fmt.Sprint(err, to.Account()), wrong) {
				t.Errorf("error %v, account %+v", err, to.Account())
			}
		})
	}
}

// A server that ends in the middle of it and comes back has every event once; one that wants no more says when it will.
func restartOfBugsink(t *testing.T, b *bugsink) {
	const events = 200
	to, err := sentrysink.New(b.dsn(), &sentrysink.Options{Fingerprint: func(*envelope.Message) []string { return []string{"one issue"} }})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	queue, err := sink.NewQueue(to, &sink.QueueOptions{BatchMessages: 10, Backoff: sink.Backoff{Max: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(map[string]bool)
	for i := range events {
		m, err := envelope.Draft{Type: "deploy", Payload: fmt.Sprint(i)}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		sent[m.Meta().ID.String()] = true
		if err := queue.Send(t.Context(), []envelope.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() string { return fmt.Sprintf("queue: %+v", queue.Account()) }, func() bool { return to.Account().Done >= events/4 })
	b.stop()
	eventually(t, func() string { return fmt.Sprintf("sink: %+v", to.Account()) }, func() bool { return to.Account().Refused > 0 })
	early := to.Account().Done
	b.serve()
	eventually(t, func() string { return fmt.Sprintf("queue: %+v", queue.Account()) }, func() bool { return queue.Account().Held == 0 })
	if err := queue.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, s := queue.Account(), to.Account(); early == events || a.Done != events || !a.Balanced() || s.Done != events || !s.Balanced() {
		t.Errorf("%d early, queue %+v, sink %+v", early, a, s)
	}
	b.look(true)
	for id := range sent {
		if _, ok := b.where[id]; !ok {
			t.Errorf("%s is not there", id)
		}
	}

	b.stop()
	b.set(`BUGSINK.update({"MAX_EVENTS_PER_PROJECT_PER_5_MINUTES": 3})`)
	b.serve()
	for range 10 {
		m, err := envelope.Draft{Type: "deploy", Payload: "once more"}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if err = to.Send(t.Context(), []envelope.Message{m}); err != nil {
			for _, failure := range sink.Failures(err, 1) {
				var answer *sentrysink.AnswerError
				if !errors.As(failure, &answer) || answer.Status != 429 || sink.RetryDelay(failure) != time.Minute || sink.IsPermanent(failure) {
					t.Errorf("error %v", failure)
				}
			}
			return
		}
	}
	t.Error("the server never had enough")
}
