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
