package middleware

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// PanicsOptions are what may be chosen about Panics. The zero value is all defaults.
type PanicsOptions struct {
	// Label names a request's route in the field transaction, as [TimerOptions].Label does in a timer's name. It is called
	// when the handler has panicked. Where it returns nothing, or panics, the default holds: what the Label of a Timer
	// around this says, while the rates have that Timer on, and else the request's Pattern.
	Label func(*http.Request) string

	// Headers names the request's headers that are shown. Authorization, Proxy-Authorization and Cookie never are, named or
	// not. The default is Accept, Content-Type and User-Agent; an empty list that is not nil is none.
	Headers []string

	// Query names the parameters of the request's query that are shown. The default is none.
	Query []string

	// Respond answers the request with status 500, and the panic ends here. Where a part of an answer has been sent, it
	// panics with [http.ErrAbortHandler] instead, so that the client sees that the rest is missing. The default is to panic
	// again with what was thrown, as if nobody had looked: net/http logs it and closes the connection. Where the server's
	// ErrorLog leads to the same client, respond: each panic would leave a second time, as a line of the log with its
	// stack, and those nothing limits.
	Respond bool
}

// Panics returns a middleware that sends what a handler panics with to m, see [metlog.Client.Panic]: the traceback, and in
// it the variables that [metlog.Watch] and [metlog.Var] named, for which it makes room in the request's context. Then it
// panics again. [http.ErrAbortHandler], by which handlers give up on purpose, passes untouched.
//
// The field transaction is the route, as [PanicsOptions].Label, the Label of a Timer around this, or the request's Pattern
// names it, in at most 256 bytes; where none does it is left out. The field request says what was asked for, as Sentry has
// it: method, url (of scheme and host alone), headers and query_string, each text of at most 256 bytes. Nothing else of the
// request is shown. traceparent and request_id are as [Timer]'s.
//
// A request costs one allocation, its copy with the room for what is watched; a Timer's costs none. So whoever keeps the
// request's context when it has ended, such as a goroutine that goes on, keeps its header and its form in memory, too.
//
// It may stand inside a Timer or outside, and anywhere between that and the router: the Timer gets to know of the panic,
// also of one that is answered, and of the pattern. Only a writer between them that has no Unwrap, which
// [http.ResponseController] needs as well, keeps one from the other.
//
// A nil client or handler panics, at once.
func Panics(m *metlog.Client, o *PanicsOptions) func(http.Handler) http.Handler {
	if m == nil {
		panic("middleware: Panics: nil client")
	}
	if o == nil {
		o = &PanicsOptions{}
	}
	p := panics{client: m, label: o.Label, respond: o.Respond, headers: shownHeaders(o.Headers), query: slices.Clone(o.Query)}
	return func(next http.Handler) http.Handler {
		if isnil.Is(next) {
			panic("middleware: Panics: nil handler")
		}
		p := p
		p.next = next
		return &p
	}
}

type panics struct {
	next           http.Handler
	client         *metlog.Client
	label          func(*http.Request) string
	respond        bool
	headers, query []string
}

func (p *panics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, passed, forget := metlog.ScopeWith[http.Request](r.Context())
	*passed = *r.WithContext(ctx)
	var rec *record // only who responds needs to know what was sent
	inner := w
	if p.respond {
		rec = take(w)
		inner = rec.as()
	}
	returned := false
	defer func() {
		defer forget()
		giveBack(r, passed)
		tell(w, func(timed *record) { timed.pattern = cmp.Or(passed.Pattern, timed.pattern) })
		if returned {
			if rec != nil {
				rec.release()
			}
			return
		}
		thrown := recover()
		switch ending(thrown) {
		case exited:
			return
		case gaveUp:
			panic(thrown)
		}
		tell(w, func(timed *record) { timed.panicked = true })
		p.client.Panic(ctx, thrown, p.facts(r, p.route(w, passed))...)
		switch {
		case !p.respond:
			panic(thrown)
		case rec.status != 0 || rec.hijacked:
			panic(http.ErrAbortHandler)
		}
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}()
	p.next.ServeHTTP(inner, passed)
	returned = true
}

// tell calls f with the record of each middleware around the one that was given w.
func tell(w http.ResponseWriter, f func(*record)) {
	for rec := recordOf(w); rec != nil; rec = recordOf(rec.to) {
		f(rec)
	}
}

// route returns what names the route of a request that has been passed on, "" for nothing.
func (p *panics) route(w http.ResponseWriter, r *http.Request) string {
	name := ask(p.label, r)
	tell(w, func(timed *record) {
		if name == "" {
			name = ask(timed.label, r)
		}
	})
	return cmp.Or(name, r.Pattern)
}

// facts returns what may be shown of a request.
func (p *panics) facts(r *http.Request, route string) []slog.Attr {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	shown := []any{slog.String("method", method(r)), slog.String("url", clip(scheme+r.Host))}
	if headers := listed(p.headers, r.Header.Values); len(headers) > 0 {
		shown = append(shown, slog.Group("headers", headers...))
	}
	if len(p.query) > 0 && r.URL != nil {
		query := r.URL.Query()
		if query := listed(p.query, func(name string) []string { return query[name] }); len(query) > 0 {
			shown = append(shown, slog.Group("query_string", query...))
		}
	}
	attrs := []slog.Attr{slog.Group("request", shown...)}
	if route != "" {
		attrs = append(attrs, slog.String("transaction", clip(route)))
	}
	return appendIDs(attrs, r.Header)
}

// listed returns what there is of names.
func listed(names []string, values func(string) []string) []any {
	var attrs []any
	for _, name := range names {
		if v := values(name); len(v) > 0 {
			attrs = append(attrs, slog.String(name, clip(strings.Join(v, ", "))))
		}
	}
	return attrs
}

// shownHeaders returns those of names that may be shown, in their canonical form.
func shownHeaders(names []string) []string {
	if names == nil {
		names = []string{"Accept", "Content-Type", "User-Agent"}
	}
	var shown []string
	for _, name := range names {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Authorization", "Proxy-Authorization", "Cookie":
		default:
			shown = append(shown, name)
		}
	}
	return shown
}
