package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// printer prints messages, without what is different in each run.
func printer() sink.Sink {
	return sink.Each(func(_ context.Context, m envelope.Message) error {
		name, _ := m.Field("name")
		status, _ := m.Field("status")
		fmt.Println(m.Type(), name, status)
		return nil
	})
}

func ExampleTimer() {
	m, err := metlog.New(printer(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "a", r.PathValue("id"))
	})
	shop := middleware.Timer(m, nil)(mux)

	for _, path := range []string{"/items/lamp", "/items/chair", "/admin.php"} {
		shop.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// timer http.GET /items/{id}.2xx 200
	// timer http.GET /items/{id}.2xx 200
	// timer http.unmatched.4xx 404
}

func ExamplePanics() {
	m, err := metlog.New(sink.Each(func(_ context.Context, m envelope.Message) error {
		message, _ := m.Field("msg")
		pattern, _ := m.Field("transaction")
		fmt.Println(m.Type(), m.Severity(), message, pattern)
		return nil
	}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /boom", func(w http.ResponseWriter, r *http.Request) {
		cart, item := []string{"lamp", "chair"}, 2
		metlog.Watch(r.Context(), "cart", &cart) // shown with this function in the traceback
		metlog.Watch(r.Context(), "item", &item)
		fmt.Fprintln(w, cart[item])
	})
	shop := middleware.Panics(m, &middleware.PanicsOptions{Respond: true})(mux)

	w := httptest.NewRecorder()
	shop.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/boom", nil))
	fmt.Println(w.Code)
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 500
	// sentry Error runtime error: index out of range [2] with length 2 GET /boom
}

func ExampleEvent() {
	m, err := metlog.New(sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.Payload())
		return nil
	}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	about := &middleware.EventOptions{
		Base:    cef.Event{Vendor: "Example", Product: "shop", DeviceVersion: "1"},
		Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // the load balancers
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		e := middleware.Event(r, about)
		e.Signature, e.Name, e.Severity = cef.AuthFailure, "bad login", 5
		e.Set(cef.SourceUserName, r.FormValue("name"))
		m.CEF(r.Context(), e, cef.Meta{Priority: "ALERT"})
		http.Error(w, "no", http.StatusForbidden)
	})

	r := httptest.NewRequest(http.MethodPost, "http://shop.example/login?name=amy+dhost%3Devil", nil) // from 192.0.2.1
	r.Header.Set("X-Forwarded-For", "127.0.0.1, 203.0.113.9")                                         // the first by the client
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 dhost=shop.example requestMethod=POST request=/login suser=amy dhost\=evil
}

func ExampleTransport() {
	m, err := metlog.New(printer(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: middleware.Transport(m, warehouse{})}
	answer, err := client.Get("http://warehouse.example/stock?item=lamp")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: timer http.client.warehouse.example.2xx 200
}

// A warehouse stands for http.DefaultTransport, and a server that has nothing to say.
type warehouse struct{}

func (warehouse) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

func ExamplePatternOf() {
	m, err := metlog.New(printer(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) {})
	type user struct{}
	signedIn := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, "ada"))) // mux writes into a copy
	})
	shop := middleware.Timer(m, &middleware.TimerOptions{Label: middleware.PatternOf(mux)})(signedIn)

	shop.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/items/lamp", nil))
	if err := m.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: timer http.GET /items/{id}.2xx 200
}
