package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

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
		ctx := metlog.Watch(r.Context(), "cart", &cart) // shown with this function in the traceback
		metlog.Watch(ctx, "item", &item)
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
