package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// quiet is a ResponseWriter that can be used again and keeps nothing.
type quiet struct{ header http.Header }

func (q quiet) Header() http.Header         { return q.header }
func (q quiet) Write(p []byte) (int, error) { return len(p), nil }
func (q quiet) WriteHeader(int)             {}

// httpSection: what instrumenting a handler adds to a request, and what a panic costs to capture.
func httpSection(l *lab) error {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("hello"))
	})
	m, timing := client(""), client("")
	timer := middleware.Timer(timing, nil)(mux(handler))
	ours := middleware.Timer(m, nil)(middleware.Panics(m, nil)(mux(handler)))
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "latency"}, []string{"code", "method"})
	prom := promhttp.InstrumentHandlerDuration(histogram, mux(handler))
	otel := otelhttp.NewHandler(mux(handler), "items", otelhttp.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))))
	if err := compare(l, 200_000, []contender{
		handedOff("metlog Timer + Panics, one message", m, func(n int) { serve(ours, n) }),
		timed("promhttp histogram", func(n int) { serve(prom, n) }),
		timed("otelhttp with SDK metrics", func(n int) { serve(otel, n) }),
		timed("bare", func(n int) { serve(mux(handler), n) }),
		handedOff("metlog Timer alone, one message", timing, func(n int) { serve(timer, n) }), // what promhttp does
	}, []goal{
		{name: "Timer + Panics / promhttp", ours: 0, theirs: 1, atMost: 0.7},
		{name: "Timer + Panics / otelhttp", ours: 0, theirs: 2},
		{name: "Timer alone / promhttp", ours: 4, theirs: 1},
	}); err != nil {
		return err
	}

	boom := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	capturing, err := metlog.New(abyss{}, &metlog.Options{Logger: "shop", ExceptionsPerSecond: 1 << 30})
	must(err)
	panics := middleware.Panics(capturing, &middleware.PanicsOptions{Respond: true})(mux(boom))
	hub, err := sentry.NewClient(sentry.ClientOptions{Dsn: "http://key@127.0.0.1/1", Transport: noTransport{}, Release: "1"})
	must(err)
	sentries := sentryhttp.New(sentryhttp.Options{}).Handle(mux(boom))
	return compare(l, 3_000, []contender{
		handedOff("metlog Panics, a panic captured", capturing, func(n int) { serve(panics, n) }),
		timed("sentryhttp, a panic captured", func(n int) {
			r := httptest.NewRequest(http.MethodGet, "/items/1", nil)
			r = r.WithContext(sentry.SetHubOnContext(r.Context(), sentry.NewHub(hub, sentry.NewScope())))
			for range n {
				sentries.ServeHTTP(quiet{http.Header{}}, r)
			}
		}),
	}, []goal{{name: "captured panic / sentryhttp", ours: 0, theirs: 1, atMost: 1}})
}

func mux(h http.Handler) http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /items/{id}", h)
	return m
}

func serve(h http.Handler, n int) {
	r := httptest.NewRequest(http.MethodGet, "/items/1", nil)
	w := quiet{http.Header{}}
	for range n {
		h.ServeHTTP(w, r)
	}
}

// noTransport encodes events, as a transport does before it sends them, and sends none.
type noTransport struct{}

func (noTransport) FlushWithContext(context.Context) bool { return true }
func (noTransport) Flush(time.Duration) bool              { return true }
func (noTransport) Configure(sentry.ClientOptions)        {}
func (noTransport) SendEvent(e *sentry.Event) {
	_, err := json.Marshal(e)
	must(err)
}

func (noTransport) Close() {}
