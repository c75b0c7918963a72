package middleware

import (
	"cmp"
	"log/slog"
	"net/http"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// TimerOptions are what may be chosen about a Timer. The zero value is all defaults.
type TimerOptions struct {
	// Label names a request's route, in place of its Pattern, for routers that set none and for handlers that are told
	// their route. It is called after the handler and in its goroutine, with the request that was passed on: once, and once
	// more by a [Panics] inside that has a panic to tell of. What it returns must be the same for all requests of a route,
	// so never their path. Where it returns nothing, or panics, the Pattern holds. See [PatternOf]. The default is the
	// Pattern alone.
	Label func(*http.Request) string
}

// Timer returns a middleware that sends one message a request, when its handler has ended: a timer with the name
//
//	http.<pattern>.<class>
//
// The pattern is that of the route, as the router wrote it into [http.Request].Pattern ("GET /items/{id}"), or unmatched if
// it wrote nothing. The class is 1xx to 9xx by the status that was sent; 5xx when the handler panicked, whatever was sent,
// also where [Panics] has answered for it; hijacked when it took the connection over; aborted when it ended without an
// answer because the request's context had ended, by [http.ErrAbortHandler] or with its goroutine.
//
// The pattern has the method where the router's has it: http.GET /items/{id}.2xx from a ServeMux that was given "GET
// /items/{id}", http./items/{id}.2xx from one given "/items/{id}" or from chi. With gorilla/mux it is what Label makes of
// the route, such as its template, /items/{id}; with httprouter, what each handler's Label was written to return, such as
// /items/:id. The field method tells apart what one name holds together.
//
// statsd gets dots between the parts of a name, and _ for what may not stand in one; see statsdsink:
//
//	shop.http.GET_/items/_id_.2xx:12|ms
//
// A pattern has at most 256 bytes, the rest is cut off. A Timer knows 1000 of them; those it meets later are called other.
//
// The fields are status, if one was sent; method, which is OTHER if no RFC has it; request_bytes, the length of the body
// that came, as it was declared or else as much as was read; response_bytes, what the handler wrote of the body, nothing
// for HEAD, and none of what went through a hijacked connection; ended, only where the handler panicked ("panic"), gave up
// ("abort"), ended its goroutine ("exit"), or the request's context ended before it did ("canceled": nearly always the
// client has left); traceparent (W3C Trace Context) and request_id (X-Request-Id, at most 128 printable characters) where
// the request has valid ones.
//
// Each name has its own rate, see [metlog.Client.SetRates]. Where the rates turn off all names that begin with "http.", a
// request costs an atomic load and nothing else; where some are on, each is watched, since its name is known at its end.
//
// The handler's writer has Flush, Hijack, ReadFrom, Push and CloseNotify exactly where the server's has, and works with
// [http.ResponseController]. Only [http.MaxBytesReader] has no way to ask the server through it to close the connection
// after a body that is too large; the server then does so by itself when much of it is left. As ever, the writer must not
// be used after the handler has returned: it serves the next request then.
//
// A nil client or handler panics, at once.
func Timer(m *metlog.Client, o *TimerOptions) func(http.Handler) http.Handler {
	if m == nil {
		panic("middleware: Timer: nil client")
	}
	if o == nil {
		o = &TimerOptions{}
	}
	t := timer{label: o.Label, set: newSet(m, "http.", "aborted")}
	return func(next http.Handler) http.Handler {
		if isnil.Is(next) {
			panic("middleware: Timer: nil handler")
		}
		t := t
		t.next = next
		return &t
	}
}

type timer struct {
	next  http.Handler
	label func(*http.Request) string
	*set
}

func (t *timer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if t.family.Off() {
		t.next.ServeHTTP(w, r)
		return
	}
	run := run{record: take(w), r: r}
	run.label = t.label
	run.passed, run.body = counted(r)
	run.timed = t.family.Start()
	returned := false
	defer func() {
		if returned {
			t.end(&run, "")
			run.release()
			return
		}
		thrown := recover()
		t.end(&run, ending(thrown))
		if thrown != nil { // else the goroutine exits
			panic(thrown)
		}
	}()
	t.next.ServeHTTP(run.as(), run.passed)
	returned = true
}

// A run is a request that is being served.
type run struct {
	*record
	r, passed *http.Request
	body      *countedBody
	timed     metlog.Unnamed
}

// end sends the message of a request.
func (t *timer) end(run *run, how string) {
	rec, r := run.record, run.r
	giveBack(r, run.passed)
	if how == "" && r.Context().Err() != nil {
		how = canceled
	}
	if rec.panicked {
		how = panicked
	}
	c := rec.class(how)
	var fields [8]slog.Attr
	fs := fields[:0]
	if rec.status != 0 && c != hijacked {
		fs = append(fs, slog.Int("status", rec.status))
	}
	written := rec.written
	if r.Method == http.MethodHead {
		written = 0
	}
	fs = append(fs,
		slog.String("method", method(r)),
		slog.Int64("request_bytes", bodyBytes(r, run.body)),
		slog.Int64("response_bytes", written))
	if how != "" {
		fs = append(fs, slog.String("ended", how))
	}
	run.timed.Stop(t.of(t.labelOf(rec, run.passed), c), appendIDs(fs, r.Header)...)
}

// class is how a request ended; a status that was not sent is one that net/http sends for the handler.
func (rec *record) class(how string) class {
	switch {
	case how == panicked:
		return 5
	case rec.hijacked:
		return hijacked
	case rec.status == 0 && how != "":
		return none
	case rec.status == 0:
		rec.status = http.StatusOK
	}
	return classOf(rec.status)
}

// labelOf returns what names the route of a request that has been served.
func (t *timer) labelOf(rec *record, r *http.Request) string {
	return cmp.Or(ask(t.label, r), r.Pattern, rec.pattern, unmatched)
}

// ask calls a Label, if there is one; a panic of it says nothing.
func ask(label func(*http.Request) string, r *http.Request) string {
	if label == nil {
		return ""
	}
	defer func() { _ = recover() }()
	return label(r)
}
