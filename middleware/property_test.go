package middleware

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// step is one thing a handler does to its answer.
type step struct {
	what string
	n    int
}

func (s step) do(w http.ResponseWriter) {
	switch s.what {
	case "header":
		w.WriteHeader(s.n)
	case "write":
		_, _ = w.Write(make([]byte, s.n))
	case "string":
		_, _ = io.WriteString(w, strings.Repeat("s", s.n))
	case "copy":
		_, _ = io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("c", s.n)), int64(s.n)))
	case "flush":
		w.(http.Flusher).Flush()
	}
}

// Whatever a handler does, the message says what the client got.
func TestSaysWhatTheClientGot(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP2 %v", http2), func(t *testing.T) { saysWhatTheClientGot(t, http2) })
	}
}

func saysWhatTheClientGot(t *testing.T, http2 bool) {
	b := newBench(t, nil)
	var steps []step
	server := httptest.NewUnstartedServer(Timer(b.Client, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, s := range steps {
			s.do(w)
		}
	})))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of superfluous headers
	server.EnableHTTP2 = http2
	server.StartTLS()
	defer server.Close()
	drawn := rapid.Custom(func(t *rapid.T) step {
		what := rapid.SampledFrom([]string{"header", "write", "string", "copy", "flush"}).Draw(t, "what")
		if what == "header" {
			return step{what, rapid.SampledFrom([]int{102, 103, 200, 201, 204, 304, 404, 500, 599, 777}).Draw(t, "status")}
		}
		return step{what, rapid.SampledFrom([]int{0, 1, 100, 511, 512, 513, 5000, 70_000}).Draw(t, "bytes")}
	})
	rapid.Check(t, func(t *rapid.T) {
		steps = rapid.SliceOfN(drawn, 0, 5).Draw(t, "steps") // a client takes five hints at most
		status, body := get(server.Client(), server.URL)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.kept.Wait(ctx, 1); err != nil {
			t.Fatal(err)
		}
		all := b.kept.TakeAll()
		sent, _ := all[0].Field("status")
		written, _ := all[0].Field("response_bytes")
		name, _ := all[0].Field("name")
		if len(all) != 1 || sent.String() != fmt.Sprint(status) || written.String() != fmt.Sprint(len(body)) ||
			name.String() != fmt.Sprintf("http.unmatched.%dxx", status/100) {
			t.Errorf("the client got %d and %d bytes: %s", status, len(body), all[0].JSON())
		}
	})
}

// Requests beside each other do not mix.
func TestConcurrent(t *testing.T) {
	const clients, each = 8, 50
	b := newBench(t, nil)
	mux := http.NewServeMux()
	for i := range clients {
		mux.HandleFunc(fmt.Sprintf("/%d", i), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200 + i)
			_, _ = w.Write(make([]byte, 1000*i))
		})
	}
	all := b.serve(t, 1, Timer(b.Client, nil)(Panics(b.Client, &PanicsOptions{Respond: true})(mux)), clients*each,
		func(c *http.Client, url string) {
			var wg sync.WaitGroup
			for i := range clients {
				if i == 4 {
					continue // 204 has no body
				}
				wg.Go(func() {
					for range each {
						get(c, fmt.Sprintf("%s/%d", url, i))
					}
				})
			}
			for range each {
				get(c, url+"/nowhere")
			}
			wg.Wait()
		})
	seen := map[string]int{}
	for i := range all {
		f := fields(t, &all[i])
		seen[fmt.Sprint(f["name"], f["status"], f["response_bytes"])]++
	}
	for i := range clients {
		want := fmt.Sprint(fmt.Sprintf("http./%d.2xx", i), float64(200+i), float64(1000*i))
		if i == 4 {
			want = fmt.Sprint("http.unmatched.4xx", 404.0, 19.0)
		}
		if seen[want] != each {
			t.Errorf("%s: %d times, want %d", want, seen[want], each)
		}
	}
}
