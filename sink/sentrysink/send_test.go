package sentrysink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func batch(t testing.TB, n int) (messages []envelope.Message) {
	for i := range n {
		messages = append(messages, seal(t, envelope.Draft{Type: "x", Payload: fmt.Sprint(i)}))
	}
	return messages
}

// failures returns the errors of a Send by index, nil where there is none.
func failures(err error, n int) []error {
	errs := make([]error, n)
	for i, e := range sink.Failures(err, n) {
		errs[i] = e
	}
	return errs
}

func TestEnvelopeIsWhole(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("sentry/7"), nil)
	if err := s.Send(t.Context(), batch(t, 1)); err != nil {
		t.Fatal(err)
	}
	if to.paths[0] != "/sentry/api/7/envelope/" || to.auths[0] != "Sentry sentry_version=7, sentry_client=metlog-go, sentry_key="+testKey+", sentry_secret="+testSecret {
		t.Errorf("%s, %s", to.paths, to.auths)
	}
}

// After a 429 no request is made until the time is over, in this Send and in others.
func TestRateLimit(t *testing.T) {
	to := listen(t)
	var requests atomic.Int32
	to.answers(func(w http.ResponseWriter, _ string) {
		requests.Add(1)
		w.Header().Set("X-Sentry-Rate-Limits", "86400:transaction:key, 600:error:key")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	s := newSink(t, to.dsn("7"), &Options{Requests: 1})
	for range 2 {
		for i, err := range failures(s.Send(t.Context(), batch(t, 10)), 10) {
			if d := sink.RetryDelay(err); d < 9*time.Minute || d > 10*time.Minute || sink.IsPermanent(err) {
				t.Errorf("message %d: %v", i, err)
			}
		}
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	to.answers(nil)
	for id := range s.limits.until {
		s.limits.until[id] = time.Now() // the time is over
	}
	if err := s.Send(t.Context(), batch(t, 10)); err != nil {
		t.Error(err)
	}
}

// A limit that comes with a receipt is for what comes next.
func TestRateLimitWithReceipt(t *testing.T) {
	to := listen(t)
	to.answers(func(w http.ResponseWriter, _ string) { w.Header().Set("X-Sentry-Rate-Limits", "60:error:key") })
	s := newSink(t, to.dsn("7"), nil)
	if err := s.Send(t.Context(), batch(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), batch(t, 1)); sink.RetryDelay(err) == 0 {
		t.Errorf("error %v", err)
	}
}

// Keys of another's choice cannot use up what is remembered, or stop the configured project.
func TestRateLimitsAreBounded(t *testing.T) {
	var l limits
	now := time.Now()
	for i := range 2 * maxLimits {
		l.note(&target{id: fmt.Sprint(i), chosen: true}, time.Hour, now)
	}
	if len(l.until) != maxLimits {
		t.Errorf("%d are remembered", len(l.until))
	}
	if l.check(&target{id: "0"}) == nil || l.check(&target{id: "other"}) != nil {
		t.Error("limits are of other targets")
	}
	if l.note(&target{id: "configured"}, time.Hour, now); l.check(&target{id: "configured"}) == nil {
		t.Error("what is configured is not remembered")
	}
	for id := range l.until {
		l.until[id] = now.Add(-time.Hour)
	}
	if l.note(&target{id: "new"}, time.Minute, now); len(l.until) != 1 {
		t.Errorf("%d are remembered", len(l.until))
	}
}

func TestStatuses(t *testing.T) {
	for _, test := range []struct {
		status    int
		requests  int32 // of 10 messages
		permanent bool
	}{
		{400, 10, true}, {403, 1, false}, {302, 1, false}, {500, 10, false}, {503, 1, false}, {413, 30, true},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			to, elsewhere := listen(t), listen(t)
			var requests atomic.Int32
			to.answers(func(w http.ResponseWriter, _ string) {
				requests.Add(1)
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(test.status)
			})
			s := newSink(t, to.dsn("7"), &Options{Requests: 1})
			for _, err := range failures(s.Send(t.Context(), batch(t, 10)), 10) {
				var answer *AnswerError
				if !errors.As(err, &answer) || answer.Status != test.status || sink.IsPermanent(err) != test.permanent {
					t.Errorf("error %v", err)
				}
			}
			if n := requests.Load(); n > test.requests || n < min(10, test.requests) {
				t.Errorf("%d requests", n)
			}
			if a := s.Account(); a.Refused != 10 || !a.Balanced() || a.LastError == nil {
				t.Errorf("account %+v", a)
			}
		})
	}
}

// One event that the server chokes on takes no other with it.
func TestPoison(t *testing.T) {
	to := listen(t)
	to.answers(func(w http.ResponseWriter, event string) {
		if strings.Contains(event, `"message":"5"`) {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	s := newSink(t, to.dsn("7"), nil)
	for i, err := range failures(s.Send(t.Context(), batch(t, 10)), 10) {
		if (err != nil) != (i == 5) {
			t.Errorf("message %d: %v", i, err)
		}
	}
}

// A server that says nothing costs one timeout, not one for each message.
func TestHang(t *testing.T) {
	to := listen(t)
	to.stall(true)
	s := newSink(t, to.dsn("7"), &Options{Timeout: 50 * time.Millisecond, Requests: 2})
	for _, err := range failures(s.Send(t.Context(), batch(t, 1000)), 1000) {
		want := "sentrysink: " + s.targets.one.name + ": no answer within 50ms"
		if !errors.Is(err, context.DeadlineExceeded) || sink.IsPermanent(err) || err.Error() != want {
			t.Fatalf("error %v, want %s", err, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s.options.Timeout = time.Hour
	for _, err := range failures(s.Send(ctx, batch(t, 1)), 1) {
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "/7: no answer after 2") {
			t.Errorf("error %v", err)
		}
	}
	for _, err := range failures(s.Send(ctx, batch(t, 10)), 10) {
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "sentrysink: not sent: context deadline exceeded" {
			t.Errorf("error %v", err)
		}
	}
}

// An error names the server that it is about, whatever the account's name.
func TestErrorsNameTheirServer(t *testing.T) {
	to, other := listen(t), listen(t)
	for _, broken := range []bool{false, true} {
		other.answers(func(w http.ResponseWriter, _ string) {
			if broken {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusInternalServerError)
		})
		at := strings.TrimPrefix(other.URL, "http://")
		s := newSink(t, to.dsn("7"), &Options{Allow: []string{at}})
		err := s.Send(t.Context(), []envelope.Message{seal(t, envelope.Draft{Type: "x", Fields: []slog.Attr{slog.String("dsn", other.dsn("8"))}})})
		a := s.Account()
		if a.Name != "sentry "+to.URL+"/7" || err == nil || !strings.HasPrefix(a.LastError.Error(), "sentrysink: "+other.URL+"/8: ") {
			t.Errorf("%s: %v", a.Name, a.LastError)
		}
	}
}

// raw serves connections with f, which closes nothing.
func raw(t testing.TB, f func(net.Conn)) (dsn string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 64<<10))
			f(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + testKey + "@" + l.Addr().String() + "/7"
}

func TestNoAnswer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, test := range []struct{ name, dsn string }{
		{"garbage", raw(t, func(c net.Conn) { _, _ = fmt.Fprintf(c, "%s is your key, isn't it?\r\n\r\n", testKey) })},
		{"endless header", raw(t, func(c net.Conn) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 200)))
		})},
		{"close", raw(t, func(net.Conn) {})},
		{"reset", raw(t, func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) })},
		{"half a header", raw(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 20")) })},
		{"refused", "http://" + testKey + "@" + closed.Addr().String() + "/7"},
		{"no such host", "http://" + testKey + "@host.invalid/7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSink(t, test.dsn, &Options{Timeout: 5 * time.Second})
			err := s.Send(t.Context(), batch(t, 3))
			for _, err := range failures(err, 3) {
				if err == nil || sink.IsPermanent(err) || errors.Is(err, sink.ErrClosed) {
					t.Errorf("error %v", err)
				}
			}
			if text := fmt.Sprint(err, s.Account()); strings.Contains(text, testKey) {
				t.Errorf("a key is in %s", text)
			}
		})
	}
}

// The body of a receipt says nothing more, however long it is.
func TestLongReceipt(t *testing.T) {
	s := newSink(t, raw(t, func(c net.Conn) {
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + strings.Repeat("x", 100_000)))
	}), nil)
	if err := s.Send(t.Context(), batch(t, 1)); err != nil {
		t.Error(err)
	}
}

// A connection that the server closes when it has been idle, as all do, costs nothing.
func TestClosedWhileIdle(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("7"), nil)
	for range 20 {
		if err := s.Send(t.Context(), batch(t, 1)); err != nil {
			t.Fatal(err)
		}
		to.CloseClientConnections()
	}
}

func TestConnectionsAreKept(t *testing.T) {
	to := listen(t)
	var under, most atomic.Int32
	to.answers(func(http.ResponseWriter, string) {
		n := under.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		under.Add(-1)
	})
	s := newSink(t, to.dsn("7"), &Options{Requests: 3})
	if err := s.Send(t.Context(), batch(t, 100)); err != nil {
		t.Fatal(err)
	}
	if len(to.peers) > 3 || most.Load() != 3 {
		t.Errorf("%d connections, %d requests at once", len(to.peers), most.Load())
	}
}

func TestNoProxy(t *testing.T) {
	proxy, to := listen(t), listen(t)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	s := newSink(t, to.dsn("7"), nil)
	if transport := s.client.Transport.(*http.Transport); transport.Proxy != nil {
		t.Error("a proxy is asked") // net/http would not for a loopback address
	}
	if err := s.Send(t.Context(), batch(t, 1)); err != nil || len(to.received()) != 1 {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	dsn := strings.Replace(secure.URL, "://", "://"+testKey+"@", 1) + "/7"
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())
	for _, test := range []struct {
		name   string
		config *tls.Config
		ok     bool
	}{
		{"the system's authorities", nil, false},
		{"its own", &tls.Config{RootCAs: pool}, true},
		{"its own, another name", &tls.Config{RootCAs: pool, ServerName: "other.invalid"}, false},
	} {
		s := newSink(t, dsn, &Options{TLS: test.config})
		if err := s.Send(t.Context(), batch(t, 1)); (err == nil) != test.ok || sink.IsPermanent(err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// What is too large for the server is sent again without variables, then with fewer frames.
func TestShrinksForServer(t *testing.T) {
	to := listen(t)
	to.answers(func(w http.ResponseWriter, event string) {
		if len(event) > 20_000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		to.mu.Lock()
		defer to.mu.Unlock()
		to.events = append(to.events, event)
	})
	s := newSink(t, to.dsn("7"), nil)
	m := exception(t, largeEvent(100, 1000))
	if err := s.Send(t.Context(), []envelope.Message{m}); err != nil {
		t.Fatal(err)
	}
	event := decoded(t, to.received()[0])
	if at(event, "tags", "metlog.cut") != "frames" && at(event, "tags", "metlog.cut") != "variables" {
		t.Errorf("%.500v", event)
	}
}

// largeEvent returns an event of so many frames, with so many bytes of variables each.
func largeEvent(frames, vars int) string {
	var b strings.Builder
	for i := range frames {
		_, _ = fmt.Fprintf(&b, `,{"function":"f%d","lineno":%d,"context_line":"line","vars":{"v":%q}}`, i, i, strings.Repeat("v", vars))
	}
	return `{"exception":{"values":[{"type":"E","value":"v","stacktrace":{"frames":[` + strings.TrimPrefix(b.String(), ",") + `]}}]}}`
}

// A message that is no event and too large loses its fields, not itself.
func TestLargeMessages(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("7"), nil)
	long := strings.Repeat("é", 200_000)
	m := seal(t, envelope.Draft{Type: long, Logger: long, Hostname: long, Payload: long, Fields: []slog.Attr{slog.String("a", long), slog.String("b", long), slog.String("c", long)}})
	if err := s.Send(t.Context(), []envelope.Message{m}); err != nil {
		t.Fatal(err)
	}
	event := decoded(t, to.received()[0])
	if at(event, "tags", "metlog.cut") != "fields" || event["contexts"] != nil || len(at(event, "tags", "type").(string)) != maxName+len("…") || len(to.received()[0]) > 10_000 {
		t.Errorf("%.2000s", to.received()[0])
	}
}

// What a Fingerprint panics with is the caller's to recover, as a Queue does, and costs neither places nor other messages.
func TestFingerprintPanics(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("7"), &Options{Requests: 2, Fingerprint: func(m *envelope.Message) []string {
		if m.Payload() == "1" {
			panic("no fingerprint")
		}
		return nil
	}})
	for range 3 {
		func() {
			defer func() {
				if thrown := recover(); thrown != "no fingerprint" {
					t.Errorf("recovered %v", thrown)
				}
			}()
			_ = s.Send(t.Context(), batch(t, 2))
		}()
	}
	err := s.Shutdown(t.Context())
	if a := s.Account(); err != nil || len(to.received()) != 3 || !a.Balanced() {
		t.Errorf("%v, %d events, account %+v", err, len(to.received()), a)
	}
}

// A Queue before the sink gives what can never be sent to its dead letter, and goes on.
func TestBehindQueue(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("7"), nil)
	var dead atomic.Int32
	queue, err := sink.NewQueue(s, &sink.QueueOptions{DeadLetter: sink.Each(func(context.Context, envelope.Message) error {
		dead.Add(1)
		return nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	messages := append(batch(t, 10), exception(t, "no event"), exception(t, packed(t, strings.Repeat(" ", 8<<20))))
	if err := errors.Join(queue.Send(t.Context(), messages), queue.Shutdown(t.Context())); err != nil {
		t.Fatal(err)
	}
	if a := queue.Account(); dead.Load() != 2 || a.Dropped["deadletter"] != 2 || a.Done != 10 || !a.Balanced() || len(to.received()) != 10 {
		t.Errorf("%d dead letters, %d events, account %+v", dead.Load(), len(to.received()), a)
	}
}

// What Close cuts short is the caller's, and its error says why.
func TestCloseCutsShort(t *testing.T) {
	to := listen(t)
	to.stall(true)
	s := newSink(t, to.dsn("7"), &Options{Requests: 1})
	sent := make(chan error, 1)
	messages := batch(t, 3)
	go func() { sent <- s.Send(context.Background(), messages) }()
	for len(s.slots) == 0 || !to.reached() {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, err := range failures(<-sent, 3) {
		if !errors.Is(err, sink.ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
	if a := s.Account(); a.Refused != 3 || !a.Balanced() {
		t.Errorf("account %+v", a)
	}
}
