package middleware

import (
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// The line of statsd that Timer's documentation shows is the one that statsd gets.
func TestLineOfStatsd(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	statsd, err := statsdsink.New(server.LocalAddr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer statsd.Close()
	m, err := metlog.New(statsd, &metlog.Options{Logger: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(http.ResponseWriter, *http.Request) {})
	Timer(m, nil)(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/items/lamp", nil))
	if err := m.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	datagram := make([]byte, 1432)
	n, _, err := server.ReadFrom(datagram)
	if want := regexp.MustCompile(`^shop\.http\.GET_/items/_id_\.2xx:[0-9.]+\|ms$`); err != nil || !want.Match(datagram[:n]) {
		t.Errorf("%q, %v", datagram[:n], err)
	}
}
