package middleware

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransport(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	answer := func(status int, length int64) tripper {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, ContentLength: length, Body: http.NoBody}, nil
		}
	}
	refused := errors.New("refused")
	for _, test := range []struct {
		name   string
		base   tripper
		method string
		url    string
		body   io.Reader
		ctx    context.Context //nolint:containedctx // a table
		want   string
		fields map[string]any
	}{
		{"answered", answer(204, 0), "GET", "http://a.example/secret?secret", nil, nil, "a.example.2xx",
			map[string]any{"method": "GET", "status": 204.0, "response_bytes": 0.0}},
		{"with lengths", answer(404, 9), "POST", "https://a.example:8443/", strings.NewReader("hello"), nil, "a.example:8443.4xx",
			map[string]any{"method": "POST", "status": 404.0, "request_bytes": 5.0, "response_bytes": 9.0}},
		{"without", answer(200, -1), "PUT", "http://a.example", io.LimitReader(strings.NewReader("hello"), 5), nil, "a.example.2xx",
			map[string]any{"method": "PUT", "status": 200.0}},
		{"HEAD", answer(200, 9), "HEAD", "http://a.example", nil, nil, "a.example.2xx",
			map[string]any{"method": "HEAD", "status": 200.0}},
		{"no method", answer(200, -1), "", "http://a.example", nil, nil, "a.example.2xx",
			map[string]any{"method": "GET", "status": 200.0}},
		{"status that is none", answer(1000, -1), "GET", "http://a.example", nil, nil, "a.example.error",
			map[string]any{"method": "GET", "status": 1000.0}},
		{"refused", func(*http.Request) (*http.Response, error) { return nil, refused }, "GET", "http://a.example", nil, nil,
			"a.example.error", map[string]any{"method": "GET"}},
		{"canceled", func(r *http.Request) (*http.Response, error) { return nil, refused }, "GET", "http://a.example", nil, ended,
			"a.example.error", map[string]any{"method": "GET", "ended": "canceled"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			ctx := test.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			r, err := http.NewRequestWithContext(ctx, test.method, test.url, test.body)
			if err != nil {
				t.Fatal(err)
			}
			r.Method = test.method
			want, wantErr := test.base(r)
			got, err := Transport(b.Client, test.base).RoundTrip(r)
			if fmt.Sprint(got) != fmt.Sprint(want) || err != wantErr {
				t.Errorf("returns %v, %v", got, err)
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := b.kept.All()
			if len(all) != 1 {
				t.Fatalf("%d messages", len(all))
			}
			checkTimer(t, &all[0], "http.client."+test.want, test.fields)
		})
	}
}

// A client made with a Transport works as without, redirects and keep-alive included.
func TestTransportClient(t *testing.T) {
	b := newBench(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		fmt.Fprint(w, r.Header.Get("X-Request-Id"))
	}))
	defer server.Close()
	client := &http.Client{Transport: Transport(b.Client, nil)}
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Request-Id", "a17")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || string(body) != "a17" {
		t.Errorf("%v: %q", err, body)
	}
	client.CloseIdleConnections() // or goleak finds them
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var classes []string
	for _, m := range b.kept.All() {
		name, _ := m.Field("name")
		host := strings.TrimPrefix(server.URL, "http://")
		classes = append(classes, strings.TrimPrefix(name.String(), "http.client."+host))
		if id, _ := m.Field("request_id"); id.String() != "a17" || m.Type() != envelope.TypeTimer {
			t.Error(m.JSON())
		}
	}
	if fmt.Sprint(classes) != "[.3xx .2xx]" {
		t.Errorf("%q", classes)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Where no name can be on no timer is made either.
func TestTransportOff(t *testing.T) {
	rates, err := metlog.ParseRates("http.client.*=0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, &metlog.Options{Rates: rates})
	base := roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: http.StatusOK}, nil })
	tr := Transport(b.Client, base)
	if answer, err := tr.RoundTrip(httptest.NewRequest(http.MethodGet, "http://a/", nil)); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", answer, err)
	}
	if known := tr.(*transport).known.Load(); known != nil {
		t.Errorf("%d hosts are known", len(*known))
	}
}
