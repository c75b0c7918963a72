package middleware

import (
	"net/http"
	"testing"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// plain is a writer that allocates nothing.
type plain struct{ header http.Header }

func (p *plain) Header() http.Header         { return p.header }
func (p *plain) WriteHeader(int)             {}
func (p *plain) Write(b []byte) (int, error) { return len(b), nil }
func (p *plain) Flush()                      {}

// A Timer allocates nothing, in the best of some rounds: in the first ones the client grows what it grows.
func TestAllocations(t *testing.T) {
	rates, err := metlog.ParseRates("http.off*=0\nhttp.some*=0.5")
	if err != nil {
		t.Fatal(err)
	}
	m := bridgetest.Hollow(t, rates)
	body := []byte("hello")
	w := &plain{http.Header{}}
	for _, pattern := range []string{"GET /items/{id}", "", "off", "some"} {
		handler := Timer(m, &TimerOptions{Label: func(*http.Request) string { return "" }})(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				r.Pattern = pattern
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write(body)
				w.(http.Flusher).Flush()
			}))
		r, err := http.NewRequest(http.MethodPost, "http://shop.example/items/7", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 17
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		r.Header.Set("X-Request-Id", "a17")
		if allocs, bytes := bridgetest.Costs(t, m, func() { handler.ServeHTTP(w, r) }); allocs > 0 || bytes > 0 {
			t.Errorf("%q: %v allocations and %v bytes a request, want 0", pattern, allocs, bytes)
		}
	}
}

// Panics costs one allocation: the copy of the request, without which net/http lets nobody change a context, and in it the
// room for what is watched. A copy cannot be used again: goroutines may have it when the request is over.
func TestPanicsAllocatesOnce(t *testing.T) {
	m := bridgetest.Hollow(t, metlog.Rates{})
	handler := Timer(m, nil)(Panics(m, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	w := &plain{http.Header{}}
	r, err := http.NewRequest(http.MethodGet, "http://shop.example/items/7", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if allocs, bytes := bridgetest.Costs(t, m, func() { handler.ServeHTTP(w, r) }); allocs > 1 || bytes > 512 {
		t.Errorf("%v allocations and %v bytes a request, want 1 and at most 512", allocs, bytes)
	}
}
