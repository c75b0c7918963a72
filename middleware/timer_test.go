package middleware

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A request of the tests below ends as the handler or the client has it.
type outcome struct {
	name    string
	handler http.HandlerFunc
	use     func(*http.Client, string) // the default gets "/x/7"
	only    int                        // protocol version
	want    string                     // name, without what all begin with
	fields  map[string]any
}

var outcomes = []outcome{
	{
		name:    "nothing written",
		handler: func(http.ResponseWriter, *http.Request) {},
		want:    "GET /x/{id}.2xx",
		fields:  map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 0.0},
	}, {
		name: "written, in two ways",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "hello, ")
			_, _ = io.WriteString(w, "world")
		},
		want:   "GET /x/{id}.2xx",
		fields: map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 12.0},
	}, {
		name: "copied",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("x", 100_000)), 70_000))
		},
		want:   "GET /x/{id}.2xx",
		fields: map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 70000.0},
	}, {
		name: "nothing copied, then a status",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(strings.NewReader(""), 1))
			w.WriteHeader(http.StatusTeapot)
		},
		want:   "GET /x/{id}.4xx",
		fields: map[string]any{"status": 418.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 0.0},
	}, {
		name: "status after hints",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK) // superfluous
		},
		want:   "GET /x/{id}.4xx",
		fields: map[string]any{"status": 418.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 0.0},
	}, {
		name:    "no route",
		handler: func(http.ResponseWriter, *http.Request) {},
		use:     func(c *http.Client, url string) { get(c, url+"/nowhere/secret") },
		want:    "unmatched.4xx",
		fields:  map[string]any{"status": 404.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 19.0},
	}, {
		name:    "method that is none",
		handler: func(http.ResponseWriter, *http.Request) {},
		use: func(c *http.Client, url string) {
			r, _ := http.NewRequest("EVIL", url+"/x/7", nil)
			finish(c.Do(r))
		},
		want:   "unmatched.4xx",
		fields: map[string]any{"status": 405.0, "method": "OTHER", "request_bytes": 0.0, "response_bytes": 19.0},
	}, {
		name:    "HEAD has no body",
		handler: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") },
		use:     func(c *http.Client, url string) { finish(c.Head(url + "/x/7")) },
		want:    "GET /x/{id}.2xx",
		fields:  map[string]any{"status": 200.0, "method": "HEAD", "request_bytes": 0.0, "response_bytes": 0.0},
	}, {
		name:    "posted, length declared",
		handler: func(http.ResponseWriter, *http.Request) {},
		use: func(c *http.Client, url string) {
			finish(c.Post(url+"/post", "text/plain", strings.NewReader("twelve bytes")))
		},
		want:   "POST /post.2xx",
		fields: map[string]any{"status": 200.0, "method": "POST", "request_bytes": 12.0, "response_bytes": 0.0},
	}, {
		name:    "posted, no length declared",
		handler: func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		use: func(c *http.Client, url string) {
			finish(c.Post(url+"/post", "text/plain", io.LimitReader(strings.NewReader("twelve bytes"), 12)))
		},
		want:   "POST /post.2xx",
		fields: map[string]any{"status": 200.0, "method": "POST", "request_bytes": 12.0, "response_bytes": 0.0},
	}, {
		name: "streamed",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			for i := range 3 {
				fmt.Fprintln(w, i)
				w.(http.Flusher).Flush()
			}
		},
		want:   "GET /x/{id}.2xx",
		fields: map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 6.0},
	}, {
		name:    "panic before writing",
		handler: func(http.ResponseWriter, *http.Request) { panic("boom") },
		want:    "GET /x/{id}.5xx",
		fields:  map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "panic"},
	}, {
		name: "panic after writing",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "hello")
			panic("boom")
		},
		want:   "GET /x/{id}.5xx",
		fields: map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 5.0, "ended": "panic"},
	}, {
		name:    "abort before writing",
		handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		want:    "GET /x/{id}.aborted",
		fields:  map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "abort"},
	}, {
		name: "abort after writing",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			panic(http.ErrAbortHandler)
		},
		want:   "GET /x/{id}.2xx",
		fields: map[string]any{"status": 202.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "abort"},
	}, {
		name:    "goroutine exits",
		handler: func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
		only:    1, // HTTP/2 leaves the client without an answer
		want:    "GET /x/{id}.aborted",
		fields:  map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "exit"},
	}, {
		name:    "status that is none",
		handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) },
		want:    "GET /x/{id}.5xx",
		fields:  map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "panic"},
	}, {
		name: "client leaves before the answer",
		handler: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			<-r.Context().Done()
		},
		use:    leave,
		want:   "GET /x/{id}.aborted",
		fields: map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "canceled"},
	}, {
		name: "client leaves within the answer",
		handler: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "hello")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		use: func(c *http.Client, url string) {
			ctx, cancel := context.WithCancel(context.Background())
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/x/7", nil)
			answer, err := c.Do(r)
			cancel()
			finish(answer, err)
		},
		want:   "GET /x/{id}.2xx",
		fields: map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 5.0, "ended": "canceled"},
	}, {
		name: "hijacked",
		handler: func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			conn.Close()
			if _, err := io.WriteString(w, "late"); !errors.Is(err, http.ErrHijacked) {
				panic(err)
			}
		},
		only:   1,
		want:   "GET /x/{id}.hijacked",
		fields: map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0},
	},
}

// leave sends a request and goes as soon as it gets a hint.
func leave(c *http.Client, url string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			cancel()
			return nil
		},
	})
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/x/7", nil)
	finish(c.Do(r))
}

func finish(answer *http.Response, err error) {
	if err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// Each request is one message, however it ends, over both protocols, and whatever stands between the Timer and the mux.
func TestTimer(t *testing.T) {
	between := map[string]func(bench, http.Handler) http.Handler{
		"mux":                func(b bench, mux http.Handler) http.Handler { return Timer(b.Client, nil)(mux) },
		"context and Panics": panicsBetween,
		"context": func(b bench, mux http.Handler) http.Handler {
			return Timer(b.Client, &TimerOptions{Label: PatternOf(mux.(*http.ServeMux))})(withContext(mux))
		},
		"Panics outside": panicsOutside,
	}
	for how, around := range between {
		for _, version := range []int{1, 2} {
			for _, e := range outcomes {
				if e.only != 0 && e.only != version {
					continue
				}
				t.Run(fmt.Sprintf("%s/HTTP %d/%s", how, version, e.name), func(t *testing.T) {
					b := newBench(t, nil)
					mux := http.NewServeMux()
					mux.Handle("GET /x/{id}", e.handler)
					mux.Handle("POST /post", e.handler)
					use := e.use
					if use == nil {
						use = func(c *http.Client, url string) { get(c, url+"/x/7") }
					}
					n := 1
					if e.fields["ended"] == "panic" && strings.Contains(how, "Panics") {
						n = 2 // and the panic
					}
					for _, m := range b.serve(t, version, around(b, mux), n, use) {
						if m.Type() == envelope.TypeTimer {
							checkTimer(t, &m, "http."+e.want, e.fields)
						}
					}
				})
			}
		}
	}
}

func panicsBetween(b bench, mux http.Handler) http.Handler {
	return Timer(b.Client, nil)(withContext(Panics(b.Client, nil)(mux)))
}

func panicsOutside(b bench, mux http.Handler) http.Handler {
	return Panics(b.Client, nil)(Timer(b.Client, nil)(mux))
}

type key struct{}

// withContext passes on a copy of the request, as any middleware with a context does.
func withContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, 1)))
	})
}

func checkTimer(t *testing.T, m *envelope.Message, name string, want map[string]any) {
	t.Helper()
	if m.Type() != envelope.TypeTimer {
		t.Errorf("type %s, want a timer", m.Type())
	}
	got := fields(t, m, "rate")
	if got["name"] != name {
		t.Errorf("name %v, want %s", got["name"], name)
	}
	delete(got, "name")
	if !maps.Equal(got, want) {
		t.Errorf("fields\n%v, want\n%v", got, want)
	}
}

// Where no name can be on nothing is watched, until the rates change.
func TestTimerOff(t *testing.T) {
	b := newBench(t, nil)
	var got http.ResponseWriter
	h := Timer(b.Client, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w }))
	for text, watched := range map[string]bool{"": true, "http.*=0": false, "*=0\n*.5xx=1": true} {
		rates, err := metlog.ParseRates(text)
		if err != nil {
			t.Fatal(err)
		}
		b.SetRates(rates)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		if recordOf(got) != nil != watched {
			t.Errorf("%q: watched %v, want %v", text, !watched, watched)
		}
	}
}
