package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func greet(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "hello")
	w.(http.Flusher).Flush()
}

func boom(http.ResponseWriter, *http.Request) { panic("boom") }

// withChi gives chi both middlewares by Use; a router in it has chi's own, one of which passes on a copy of the request.
func withChi(m *metlog.Client) http.Handler {
	whole := func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }
	return usedByChi(m, &middleware.TimerOptions{Label: whole})
}

// withChiAlone sees of a route what chi wrote into the request that was passed on, before that copy.
func withChiAlone(m *metlog.Client) http.Handler { return usedByChi(m, nil) }

func usedByChi(m *metlog.Client, o *middleware.TimerOptions) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Timer(m, o), middleware.Panics(m, &middleware.PanicsOptions{Respond: true}))
	chiRoutes(r)
	return r
}

func chiRoutes(r chi.Router) {
	r.Get("/items/{id}", greet)
	r.Route("/shop", func(r chi.Router) {
		r.Use(chimiddleware.WithValue("key", 1), chimiddleware.Compress(5))
		r.Get("/{shop}/boom", boom)
	})
}

// aroundChi gets to know the pattern from Panics: chi serves a copy.
func aroundChi(m *metlog.Client) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Panics(m, &middleware.PanicsOptions{Respond: true}))
	chiRoutes(r)
	return middleware.Timer(m, nil)(r)
}

func withGorilla(m *metlog.Client) http.Handler {
	template := func(r *http.Request) string {
		route := mux.CurrentRoute(r)
		if route == nil {
			return ""
		}
		path, _ := route.GetPathTemplate()
		return path
	}
	r := mux.NewRouter()
	r.Use(middleware.Timer(m, &middleware.TimerOptions{Label: template}))
	r.Use(middleware.Panics(m, &middleware.PanicsOptions{Respond: true}))
	r.HandleFunc("/items/{id}", greet)
	r.PathPrefix("/shop").Subrouter().HandleFunc("/{shop}/boom", boom)
	r.NotFoundHandler = middleware.Timer(m, nil)(http.NotFoundHandler()) // Use does not reach it
	return r
}

func withHTTPRouter(m *metlog.Client) http.Handler {
	r := httprouter.New()
	handle := func(path string, h http.HandlerFunc) {
		timer := middleware.Timer(m, &middleware.TimerOptions{Label: func(*http.Request) string { return path }})
		r.Handler(http.MethodGet, path, timer(middleware.Panics(m, &middleware.PanicsOptions{Respond: true})(h)))
	}
	handle("/items/:id", greet)
	handle("/shop/:shop/boom", boom)
	r.NotFound = middleware.Timer(m, nil)(http.NotFoundHandler())
	return r
}

// One timer a request, by its route's pattern, which a panic's event has, too, whichever router a service has and whether
// over HTTP/1.1 or HTTP/2.
func TestMiddlewareRouters(t *testing.T) {
	for _, test := range []struct {
		name   string
		router func(*metlog.Client) http.Handler
		want   []string
	}{
		{"chi", withChi, []string{"http./items/{id}.2xx", "http./shop/{shop}/boom.5xx", "http.unmatched.4xx"}},
		{"chi alone", withChiAlone, []string{"http./items/{id}.2xx", "http./shop/*.5xx", "http.unmatched.4xx"}},
		{"around chi", aroundChi, []string{"http./items/{id}.2xx", "http./shop/*.5xx", "http.unmatched.4xx"}},
		{"gorilla", withGorilla, []string{"http./items/{id}.2xx", "http./shop/{shop}/boom.5xx", "http.unmatched.4xx"}},
		{"httprouter", withHTTPRouter, []string{"http./items/:id.2xx", "http./shop/:shop/boom.5xx", "http.unmatched.4xx"}},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/HTTP2 %v", test.name, http2), func(t *testing.T) {
				var kept []envelope.Message
				m, err := metlog.New(sink.Each(func(_ context.Context, message envelope.Message) error {
					kept = append(kept, message) // read after the Shutdown
					return nil
				}), nil)
				if err != nil {
					t.Fatal(err)
				}
				server := httptest.NewUnstartedServer(test.router(m))
				server.EnableHTTP2 = http2
				server.StartTLS()
				for i, path := range []string{"/items/lamp", "/shop/north/boom", "/nowhere"} {
					status := []int{http.StatusOK, http.StatusInternalServerError, http.StatusNotFound}[i]
					answer, err := server.Client().Get(server.URL + path)
					if err != nil {
						t.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
					if answer.StatusCode != status || (answer.ProtoMajor == 2) != http2 {
						t.Errorf("%s: %s %s", path, answer.Proto, answer.Status)
					}
				}
				server.Close()
				if err := m.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				var names []string
				panics := 0
				for _, message := range kept {
					if message.Type() == envelope.TypeException {
						panics++
						route, _ := message.Field("transaction")
						if got := "http." + route.String() + ".5xx"; got != test.want[1] {
							t.Errorf("transaction %q, want that of %q", route, test.want[1])
						}
						continue
					}
					name, _ := message.Field("name")
					names = append(names, name.String())
					ended, _ := message.Field("ended")
					if panicked := ended.String() == "panic"; panicked != strings.HasSuffix(name.String(), ".5xx") {
						t.Errorf("ended %q: %s", ended, name)
					}
				}
				if fmt.Sprint(names) != fmt.Sprint(test.want) || panics != 1 {
					t.Errorf("timers %q and %d panics, want %q and 1", names, panics, test.want)
				}
			})
		}
	}
}
