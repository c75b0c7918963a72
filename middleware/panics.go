package middleware

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// PanicsOptions are what may be chosen about Panics. The zero value is all defaults.
type PanicsOptions struct {
	// Headers names the request's headers that are shown. Authorization, Proxy-Authorization and Cookie never are, named or
	// not. The default is Accept, Content-Type and User-Agent; an empty list that is not nil is none.
	Headers []string

	// Query names the parameters of the request's query that are shown. The default is none.
	Query []string

	// Respond answers the request with status 500, and the panic ends here. Where a part of an answer has been sent, it
	// panics with [http.ErrAbortHandler] instead, so that the client sees that the rest is missing. The default is to panic
	// again with what was thrown, as if nobody had looked: net/http logs it and closes the connection. Where the server's
	// ErrorLog leads to the same client, respond: each panic would leave a second time, as a line of the log with its stack,
	// and those nothing limits.
	Respond bool
}

// Panics returns a middleware that sends what a handler panics with to m, see [metlog.Client.Panic]: the traceback, and in
// it the variables that [metlog.Watch] and [metlog.Var] named, for which it makes room in the request's context. Then it
// panics again. [http.ErrAbortHandler], by which handlers give up on purpose, passes untouched.
//
// The field transaction is the route's pattern, where it is known. The field request says what was asked for, as Sentry has
// it: method, url (of scheme and host alone), headers and query_string, each text of at most 256 bytes. Nothing else of the
// request is shown. traceparent and request_id are as [Timer]'s.
//
// A request costs one allocation, its copy with the room for what is watched; a Timer's costs none. So whoever keeps the
// request's context when it has ended, such as a goroutine that goes on, keeps its header and its form in memory, too.
//
// It may stand inside a Timer or outside, and anywhere between that and the router: the Timer gets to know the pattern.
//
// A nil client or handler panics, at once.
func Panics(m *metlog.Client, o *PanicsOptions) func(http.Handler) http.Handler {
	if m == nil {
		panic("middleware: Panics: nil client")
	}
	if o == nil {
		o = &PanicsOptions{}
	}
	p := panics{client: m, respond: o.Respond, headers: shownHeaders(o.Headers), query: slices.Clone(o.Query)}
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
		if timed := recordOf(w); timed != nil && passed.Pattern != "" {
			timed.pattern = passed.Pattern
		}
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
		p.client.Panic(ctx, thrown, p.facts(r)...)
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

// facts returns what may be shown of a request.
func (p *panics) facts(r *http.Request) []slog.Attr {
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
	if r.Pattern != "" {
		attrs = append(attrs, slog.String("transaction", clip(r.Pattern)))
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
