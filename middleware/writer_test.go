package middleware

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// able is a writer that can do everything, and says what it was asked for.
type able struct {
	*httptest.ResponseRecorder
	asked []string
}

var errAsked = errors.New("asked")

func (a *able) FlushError() error { a.asked = append(a.asked, "flush"); return errAsked }
func (a *able) Flush()            { _ = a.FlushError() }
func (a *able) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.asked = append(a.asked, "hijack")
	return nil, nil, errAsked
}

func (a *able) ReadFrom(r io.Reader) (int64, error) {
	a.asked = append(a.asked, "read from")
	return io.Copy(a.Body, r)
}

func (a *able) Push(target string, _ *http.PushOptions) error {
	a.asked = append(a.asked, "push "+target)
	return errAsked
}

func (a *able) CloseNotify() <-chan bool { a.asked = append(a.asked, "close notify"); return nil }

func (a *able) SetReadDeadline(time.Time) error {
	a.asked = append(a.asked, "read deadline")
	return errAsked
}

func (a *able) SetWriteDeadline(time.Time) error {
	a.asked = append(a.asked, "write deadline")
	return errAsked
}

func (a *able) EnableFullDuplex() error { a.asked = append(a.asked, "duplex"); return errAsked }

// abilities has, in the order of their bits, how to find and use them. Each reports false when w has it not.
var abilities = []struct {
	name string
	use  func(http.ResponseWriter) bool
}{
	{"flush", func(w http.ResponseWriter) bool {
		f, ok := w.(http.Flusher)
		e, okToo := w.(interface{ FlushError() error })
		if ok && okToo {
			f.Flush()
			ok = e.FlushError() == errAsked
		}
		return ok || okToo
	}},
	{"hijack", func(w http.ResponseWriter) bool {
		h, ok := w.(http.Hijacker)
		if ok {
			_, _, err := h.Hijack()
			ok = err == errAsked
		}
		return ok
	}},
	{"read from", func(w http.ResponseWriter) bool {
		f, ok := w.(io.ReaderFrom)
		if ok {
			n, err := f.ReadFrom(strings.NewReader("four"))
			ok = n == 4 && err == nil
		}
		return ok
	}},
	{"push /a", func(w http.ResponseWriter) bool {
		p, ok := w.(http.Pusher)
		return ok && p.Push("/a", nil) == errAsked
	}},
	{"close notify", func(w http.ResponseWriter) bool {
		c, ok := w.(closeNotifier)
		if ok {
			c.CloseNotify()
		}
		return ok
	}},
}

// For every set of abilities there is a type, which has those, uses the writer's, and is what stands for a writer with
// them.
func TestAbilities(t *testing.T) {
	types := map[reflect.Type]bool{}
	for can, as := range writers {
		all := &able{ResponseRecorder: httptest.NewRecorder()}
		inner := as(&record{to: all})
		types[reflect.TypeOf(inner)] = true
		outer := (&record{to: inner}).as()
		if reflect.TypeOf(outer) != reflect.TypeOf(inner) {
			t.Errorf("a %T is wrapped as a %T", inner, outer)
		}
		var want []string
		for i, ability := range abilities {
			has := can>>i&1 == 1
			if got := ability.use(outer); got != has {
				t.Errorf("%05b: %s: %v, want %v", can, ability.name, got, has)
			}
			if has {
				want = append(want, ability.name)
			}
		}
		if can&canFlush != 0 {
			want = append([]string{"flush"}, want...) // in both ways
		}
		if !reflect.DeepEqual(all.asked, want) {
			t.Errorf("%05b: asked for %q, want %q", can, all.asked, want)
		}
	}
	if len(types) != 1<<len(abilities) {
		t.Errorf("%d types", len(types))
	}
}

// A ResponseController reaches the server's writer through all that is wrapped around it, and gets its errors.
func TestResponseController(t *testing.T) {
	for can, as := range writers {
		all := &able{ResponseRecorder: httptest.NewRecorder()}
		c := http.NewResponseController((&record{to: as(&record{to: all})}).as())
		_, _, err := c.Hijack()
		for _, err := range []error{
			c.Flush(), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.EnableFullDuplex(), err,
		} {
			if err != errAsked {
				t.Errorf("%05b: %v", can, err)
			}
		}
	}
}

// Over both protocols a handler sees what it would without a Timer, and it works.
func TestServers(t *testing.T) {
	for version, want := range map[int]string{1: "flush hijack readFrom notify", 2: "flush push notify"} {
		for _, wrapped := range []bool{false, true} {
			t.Run(fmt.Sprintf("HTTP %d, wrapped %v", version, wrapped), func(t *testing.T) {
				b := newBench(t, nil)
				var got []string
				var failed error
				handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got = has(w)
					failed = deadlines(w)
					if p, ok := w.(http.Pusher); ok {
						if err := p.Push("/pushed", nil); !strings.Contains(fmt.Sprint(err), "feature not supported") {
							failed = errors.Join(failed, err) // Go's client takes none
						}
					}
					_, _ = io.Copy(w, io.LimitReader(strings.NewReader("hello"), 5))
				}))
				n := 0
				if wrapped {
					handler, n = Timer(b.Client, nil)(Panics(b.Client, &PanicsOptions{Respond: true})(handler)), 1
				}
				b.serve(t, version, handler, n, func(c *http.Client, url string) {
					if status, body := get(c, url); status != 200 || body != "hello" {
						t.Errorf("%d %q", status, body)
					}
				})
				if s := strings.Join(got, " "); s != want {
					t.Errorf("has %s, want %s", s, want)
				}
				if failed != nil {
					t.Error(failed)
				}
			})
		}
	}
}

// has returns what a writer can do.
func has(w http.ResponseWriter) (names []string) {
	_, flush := w.(http.Flusher)
	_, hijack := w.(http.Hijacker)
	_, readFrom := w.(io.ReaderFrom)
	_, push := w.(http.Pusher)
	_, notify := w.(closeNotifier)
	for i, ok := range []bool{flush, hijack, readFrom, push, notify} {
		if ok {
			names = append(names, []string{"flush", "hijack", "readFrom", "push", "notify"}[i])
		}
	}
	return names
}

func deadlines(w http.ResponseWriter) error {
	c := http.NewResponseController(w)
	return errors.Join(c.SetReadDeadline(time.Now().Add(time.Hour)), c.SetWriteDeadline(time.Now().Add(time.Hour)),
		c.EnableFullDuplex(), c.Flush())
}

// A handler that keeps its writer, against the rules, harms nobody while no request has it, nor the next that has.
func TestUsedLate(t *testing.T) {
	var kept http.ResponseWriter
	b := newBench(t, nil)
	h := Timer(b.Client, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { kept = w }))
	all := &able{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(all, httptest.NewRequest(http.MethodGet, "/", nil))
	kept.WriteHeader(http.StatusTeapot)
	kept.Header().Set("Late", "yes")
	if _, err := io.WriteString(kept, "late"); err == nil {
		t.Error("a late write succeeded")
	}
	for _, ability := range abilities {
		ability.use(kept)
	}
	for range 10 { // one of which has the same record
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, m := range b.kept.All() {
		checkTimer(t, &m, "http.unmatched.2xx",
			map[string]any{"status": 200.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 0.0})
	}
	if len(all.asked) > 0 || all.Body.Len() > 0 || len(all.Header()) > 0 {
		t.Errorf("arrived: %v %q %v", all.asked, all.Body, all.Header())
	}
}

// wrapped is someone else's writer.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Panics tells the Timer the pattern through other middleware's requests and writers.
func TestPatternThroughWrappers(t *testing.T) {
	b := newBench(t, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(http.ResponseWriter, *http.Request) {})
	inner := Panics(b.Client, &PanicsOptions{Respond: true})(mux)
	h := Timer(b.Client, nil)(withContext(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(wrapped{wrapped{w}}, r)
	})))
	if got := b.names(t, h, "/x/7", "/y"); fmt.Sprint(got) != "[http.GET /x/{id}.2xx http.unmatched.4xx]" {
		t.Errorf("%q", got)
	}
	if recordOf(wrapped{}) != nil {
		t.Error("found a record where there is none")
	}
}

// What a ResponseController finds behind a writer that hides it is seen too.
func TestBehindWrappers(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"hijacked": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			conn.Close()
		}, "http.unmatched.hijacked"},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
			panic(http.ErrAbortHandler)
		}, "http.unmatched.2xx"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			timed := Timer(b.Client, nil)(Panics(b.Client, &PanicsOptions{Respond: true})(test.handler))
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { timed.ServeHTTP(wrapped{w}, r) })
			all := b.serve(t, 1, h, 1, func(c *http.Client, url string) { get(c, url) })
			if got := fmt.Sprint(fields(t, &all[0])["name"]); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	plain := (&record{to: httptest.NewRecorder()}).as()
	if _, _, err := http.NewResponseController(plain).Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("hijack of what cannot be: %v", err)
	}
	rec := &record{to: ended{}}
	if err := http.NewResponseController(rec.as()).Flush(); !errors.Is(err, http.ErrNotSupported) || rec.status != 0 {
		t.Errorf("flush of what cannot be: %v, status %d", err, rec.status)
	}
}
