package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// thrown serves r with h and returns what it panics with.
func thrown(h http.Handler, w http.ResponseWriter, r *http.Request) (v any) {
	defer func() { v = recover() }()
	h.ServeHTTP(w, r)
	return nil
}

func TestPanics(t *testing.T) {
	boom := fmt.Errorf("boom")
	for _, test := range []struct {
		name       string
		handler    http.HandlerFunc
		thrown     any // without Respond
		responding any // with it
		status     int // with it
		messages   int
	}{
		{"none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, nil, nil, 418, 0},
		{"error", func(http.ResponseWriter, *http.Request) { panic(boom) }, boom, nil, 500, 1},
		{"text", func(http.ResponseWriter, *http.Request) { panic("boom") }, "boom", nil, 500, 1},
		{"written", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "hello")
			panic(boom)
		}, boom, http.ErrAbortHandler, 200, 1},
		{"flushed", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			panic(boom)
		}, boom, http.ErrAbortHandler, 200, 1},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			http.ErrAbortHandler, http.ErrAbortHandler, 200, 0},
		{"wrapped abort", func(http.ResponseWriter, *http.Request) { panic(fmt.Errorf("%w: not the same", http.ErrAbortHandler)) },
			nil, nil, 500, 1},
	} {
		for _, respond := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/respond %v", test.name, respond), func(t *testing.T) {
				b := newBench(t, nil)
				h := Panics(b.Client, &PanicsOptions{Respond: respond})(test.handler)
				w := httptest.NewRecorder()
				got, want := thrown(h, w, httptest.NewRequest(http.MethodGet, "/", nil)), test.thrown
				if respond {
					want = test.responding
					if w.Code != test.status {
						t.Errorf("status %d, want %d", w.Code, test.status)
					}
				}
				if got != want && (want != nil || respond) {
					t.Errorf("panics with %v, want %v", got, want)
				}
				if err := b.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := b.kept.Len(); n != test.messages {
					t.Errorf("%d messages, want %d", n, test.messages)
				}
			})
		}
	}
}

func TestPanicsGoexit(t *testing.T) {
	b := newBench(t, nil)
	h := Timer(b.Client, nil)(Panics(b.Client, &PanicsOptions{Respond: true})(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		t.Error("the goroutine went on")
	}()
	<-done
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := b.kept.All()
	if len(all) != 1 {
		t.Fatalf("%d messages, want 1", len(all))
	}
	checkTimer(t, &all[0], "http.unmatched.aborted",
		map[string]any{"method": "GET", "request_bytes": 0.0, "response_bytes": 0.0, "ended": "exit"})
}

// Goroutines may have a request, and its context, that is over: the race detector watches, and no value goes to another's.
func TestGoroutinesOutliveRequests(t *testing.T) {
	b := newBench(t, &metlog.Options{ExceptionsPerSecond: 1 << 20})
	const requests = 50
	var going sync.WaitGroup
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(_ http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		ctx := metlog.Watch(r.Context(), "id", &id)
		over := make(chan struct{})
		context.AfterFunc(ctx, func() { close(over) })
		going.Go(func() {
			metlog.Var(ctx, "early", 1)
			<-over
			late := "late"
			b.Exception(metlog.Watch(ctx, "late", &late), errors.New(r.Pattern+" "+r.PathValue("id")+r.Header.Get("X-Shop")))
		})
	})
	handler := Timer(b.Client, nil)(Panics(b.Client, nil)(mux))
	for i := range requests {
		ctx, end := context.WithCancel(t.Context())
		r := httptest.NewRequest(http.MethodGet, "/x/"+strconv.Itoa(i), nil)
		r.Header.Set("X-Shop", "n")
		handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
		end()
	}
	going.Wait()
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := make(map[string]bool)
	for _, m := range b.kept.All() {
		if m.Type() != envelope.TypeException {
			continue
		}
		msg, _ := m.Field("msg")
		said[msg.String()] = true
		if strings.Contains(m.Payload(), `"vars"`) || strings.Contains(m.Payload(), `"extra"`) {
			t.Errorf("a value of a request that is over: %s", m.Payload())
		}
	}
	if len(said) != requests || !said["GET /x/{id} 7n"] {
		t.Errorf("said %v", said)
	}
	if a := b.Account(); a.Done != 2*requests || !a.Balanced() {
		t.Errorf("%+v", a)
	}
}

// Of a request only what is named is shown, in no part of the message anything else.
func TestFacts(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/x/{id}", func(_ http.ResponseWriter, r *http.Request) { panic("boom") })
	for _, test := range []struct {
		name string
		o    *PanicsOptions
		want map[string]any
	}{
		{"default", nil, map[string]any{
			"method": "OTHER", "url": "http://shop.example",
			"headers": map[string]any{"User-Agent": "test", "Accept": "a/b, c/d"},
		}},
		{"listed", &PanicsOptions{
			Headers: []string{"x-shop", "x-none", "x-long", "authorization", "PROXY-AUTHORIZATION", "Cookie"},
			Query:   []string{"page", "none"},
		}, map[string]any{
			"method": "OTHER", "url": "http://shop.example",
			"headers":      map[string]any{"X-Shop": "north", "X-Long": strings.Repeat("l", maxLabelBytes)},
			"query_string": map[string]any{"page": "1, 2"},
		}},
		{"none", &PanicsOptions{Headers: []string{}}, map[string]any{
			"method": "OTHER", "url": "http://shop.example",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			hidden := fmt.Sprint(1_000_003 * 17) // not in the source lines that the traceback shows
			r := httptest.NewRequest("M"+hidden, "http://shop.example/x/"+hidden+"?page=1&token="+hidden+"&page=2", strings.NewReader(hidden))
			for name, v := range map[string]string{
				"User-Agent": "test", "Authorization": hidden, "Proxy-Authorization": hidden, "Cookie": "a=" + hidden,
				"X-Shop": "north", "X-Long": strings.Repeat("l", 1000), "X-Other": hidden, "X-Request-Id": "a17",
			} {
				r.Header.Set(name, v)
			}
			r.Header["Accept"] = []string{"a/b", "c/d"}
			thrown(Timer(b.Client, nil)(Panics(b.Client, test.o)(mux)), httptest.NewRecorder(), r)
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := b.kept.All()
			if len(all) != 2 || all[0].Type() != envelope.TypeException || all[1].Type() != envelope.TypeTimer {
				t.Fatalf("messages: %v", b.kept.JSON())
			}
			for _, line := range b.kept.JSON() {
				if strings.Contains(line, hidden) {
					t.Errorf("shows what is not named: %s", line)
				}
			}
			got := fields(t, &all[0])
			if !reflect.DeepEqual(got["request"], any(test.want)) || got["transaction"] != "/x/{id}" || got["request_id"] != "a17" {
				t.Errorf("fields\n%v, want request\n%v", got, test.want)
			}
			var event map[string]any
			if err := json.Unmarshal([]byte(all[0].Payload()), &event); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(event["request"], any(test.want)) || event["transaction"] != "/x/{id}" {
				t.Errorf("event's request %v and transaction %v", event["request"], event["transaction"])
			}
		})
	}
}

// The Timer says that a handler panicked, whether or not that is answered, and wherever it stands.
func TestTimerOfPanic(t *testing.T) {
	for _, how := range []struct {
		name   string
		around func(b bench, mux http.Handler, o *PanicsOptions) http.Handler
	}{
		{"inside", func(b bench, mux http.Handler, o *PanicsOptions) http.Handler {
			return Timer(b.Client, nil)(Panics(b.Client, o)(mux))
		}},
		{"behind context", func(b bench, mux http.Handler, o *PanicsOptions) http.Handler {
			return Timer(b.Client, nil)(withContext(Panics(b.Client, o)(mux)))
		}},
		{"outside", func(b bench, mux http.Handler, o *PanicsOptions) http.Handler {
			return Panics(b.Client, o)(Timer(b.Client, nil)(mux))
		}},
		{"inside one that hides it", func(b bench, mux http.Handler, o *PanicsOptions) http.Handler {
			hides := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = thrown(Panics(b.Client, o)(mux), w, r) })
			return Timer(b.Client, nil)(Panics(b.Client, o)(hides))
		}},
	} {
		for _, respond := range []bool{false, true} {
			for _, test := range []struct {
				name    string
				handler http.HandlerFunc
				status  any // that was sent before
			}{
				{"before writing", func(http.ResponseWriter, *http.Request) { panic("boom") }, nil},
				{"after writing", func(w http.ResponseWriter, _ *http.Request) {
					fmt.Fprint(w, "hello")
					panic("boom")
				}, 200.0},
			} {
				t.Run(fmt.Sprintf("%s/respond %v/%s", how.name, respond, test.name), func(t *testing.T) {
					b := newBench(t, nil)
					mux := http.NewServeMux()
					mux.HandleFunc("GET /x/{id}", test.handler)
					h := how.around(b, mux, &PanicsOptions{Respond: respond})
					thrown(h, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x/7", nil))
					if err := b.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
					want := test.status
					if want == nil && respond && how.name != "outside" {
						want = 500.0
					}
					timers := 0
					for _, m := range b.kept.All() {
						if m.Type() != envelope.TypeTimer {
							continue
						}
						timers++
						if got := fields(t, &m); got["ended"] != "panic" || got["status"] != want || got["name"] != "http.GET /x/{id}.5xx" {
							t.Errorf("fields %v, want status %v of http.GET /x/{id}.5xx, ended by a panic", got, want)
						}
					}
					if timers != 1 {
						t.Errorf("%d timers", timers)
					}
				})
			}
		}
	}
}

// The transaction is what names the route in a timer.
func TestTransaction(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(http.ResponseWriter, *http.Request) { panic("boom") })
	says := func(label string) func(*http.Request) string { return func(*http.Request) string { return label } }
	fails := func(*http.Request) string { panic("label") }
	type label = func(*http.Request) string
	for _, test := range []struct {
		name          string
		timer, panics label
		handler       http.Handler
		want          any
	}{
		{"pattern", nil, nil, mux, "GET /x/{id}"},
		{"behind context", nil, nil, withContext(mux), nil},
		{"behind context, the Timer's PatternOf", PatternOf(mux), nil, withContext(mux), "GET /x/{id}"},
		{"behind context, its own PatternOf", nil, PatternOf(mux), withContext(mux), "GET /x/{id}"},
		{"the Timer's", says("item"), nil, mux, "item"},
		{"its own before the Timer's", says("item"), says("mine"), mux, "mine"},
		{"its own, none", says("item"), says(""), mux, "item"},
		{"its own, which panics", nil, fails, mux, "GET /x/{id}"},
		{"the Timer's, which panics", fails, nil, mux, "GET /x/{id}"},
		{"of the request passed on", nil, func(r *http.Request) string { return "my " + r.Pattern }, mux, "my GET /x/{id}"},
		{"long", nil, says(strings.Repeat("l", 1000)), mux, strings.Repeat("l", maxLabelBytes)},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			h := Timer(b.Client, &TimerOptions{Label: test.timer})(Panics(b.Client, &PanicsOptions{Label: test.panics})(test.handler))
			thrown(h, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x/7", nil))
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := b.kept.All()
			if len(all) != 2 {
				t.Fatalf("messages: %v", b.kept.JSON())
			}
			if got := fields(t, &all[0])["transaction"]; got != test.want {
				t.Errorf("transaction %v, want %v", got, test.want)
			}
		})
	}
}

// What a handler watches is in the traceback, of the frame that did, also from within its context.
func TestWatched(t *testing.T) {
	b := newBench(t, nil)
	var late func()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /boom", func(_ http.ResponseWriter, r *http.Request) {
		cart := []string{"lamp"}
		metlog.Watch(r.Context(), "cart", &cart)
		late = func() { metlog.Watch(r.Context(), "cart", &cart) } // takes nothing, and harms nobody
		panic("boom")
	})
	for _, h := range []http.Handler{
		Timer(b.Client, nil)(Panics(b.Client, nil)(mux)), Panics(b.Client, nil)(Timer(b.Client, nil)(mux)),
	} {
		thrown(h, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/boom", nil))
		late()
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range b.kept.TakeAll() {
			if m.Type() == envelope.TypeException {
				checkWatched(t, m.Payload())
			}
		}
	}
}

func checkWatched(t *testing.T, payload string) {
	t.Helper()
	var event struct {
		Exception struct {
			Values []struct {
				Stacktrace struct {
					Frames []struct {
						Function string
						Vars     map[string]any
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(payload), &event); err != nil {
		t.Fatal(err)
	}
	for _, v := range event.Exception.Values {
		for _, f := range v.Stacktrace.Frames {
			if strings.Contains(f.Function, "TestWatched") && strings.Contains(fmt.Sprint(f.Vars["cart"]), "lamp") {
				return
			}
		}
	}
	t.Errorf("no cart in %s", payload)
}
