package middleware

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

const trace = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"

func TestIDs(t *testing.T) {
	for _, test := range []struct {
		name, header string
		values       []string
		want         string // empty: no field
	}{
		{"traceparent", "traceparent", []string{"00-" + trace + "-01"}, "00-" + trace + "-01"},
		{"later version", "traceparent", []string{"cc-" + trace + "-09"}, "cc-" + trace + "-09"},
		{"later version, more", "traceparent", []string{"cc-" + trace + "-09-more"}, "cc-" + trace + "-09-more"},
		{"later version, other", "traceparent", []string{"cc-" + trace + "-09.more"}, ""},
		{"first version, more", "traceparent", []string{"00-" + trace + "-01-more"}, ""},
		{"version ff", "traceparent", []string{"ff-" + trace + "-01"}, ""},
		{"two", "traceparent", []string{"00-" + trace + "-01", "00-" + trace + "-01"}, ""},
		{"empty", "traceparent", []string{""}, ""},
		{"short", "traceparent", []string{"00-" + trace + "-0"}, ""},
		{"upper case", "traceparent", []string{"00-" + strings.ToUpper(trace) + "-01"}, ""},
		{"no trace", "traceparent", []string{"00-00000000000000000000000000000000-b7ad6b7169203331-01"}, ""},
		{"no parent", "traceparent", []string{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}, ""},
		{"flags that are none", "traceparent", []string{"00-" + trace + "-zz"}, ""},
		{"blanks for dashes", "traceparent", []string{"00 " + strings.Replace(trace, "-", " ", 1) + " 01"}, ""},
		{"endless", "traceparent", []string{"cc-" + trace + "-09-" + strings.Repeat("m", 100)}, ""},
		{"request id", "X-Request-Id", []string{"req/17:a=b"}, "req/17:a=b"},
		{"request id of 128", "X-Request-Id", []string{strings.Repeat("a", 128)}, strings.Repeat("a", 128)},
		{"request id of 129", "X-Request-Id", []string{strings.Repeat("a", 129)}, ""},
		{"request id with a blank", "X-Request-Id", []string{"a b"}, ""},
		{"request id beyond ASCII", "X-Request-Id", []string{"é"}, ""},
		{"request id with a control", "X-Request-Id", []string{"a\x7f"}, ""},
		{"request id, empty", "X-Request-Id", []string{""}, ""},
		{"request ids", "X-Request-Id", []string{"a", "b"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, v := range test.values {
				r.Header.Add(test.header, v)
			}
			Timer(b.Client, nil)(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			m := b.kept.All()[0]
			want := map[string]any{"status": 404.0, "method": "GET", "request_bytes": 0.0, "response_bytes": 19.0}
			if test.want != "" {
				want[map[bool]string{true: "traceparent", false: "request_id"}[test.header == "traceparent"]] = test.want
			}
			checkTimer(t, &m, "http.unmatched.4xx", want)
		})
	}
}

// The server removes the files of a form that it would remove without a Timer.
func TestFormFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for name, around := range map[string]func(bench, http.Handler) http.Handler{
		"Timer":          func(b bench, h http.Handler) http.Handler { return Timer(b.Client, nil)(h) },
		"Panics":         func(b bench, h http.Handler) http.Handler { return Panics(b.Client, nil)(Timer(b.Client, nil)(h)) },
		"Panics, inside": func(b bench, h http.Handler) http.Handler { return Timer(b.Client, nil)(Panics(b.Client, nil)(h)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			h := around(b, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1); err != nil {
					t.Error(err)
				}
				if files, _ := os.ReadDir(os.TempDir()); len(files) != 1 {
					t.Errorf("%d files while it is served, want 1", len(files))
				}
			}))
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			file, _ := form.CreateFormFile("picture", "a.png")
			_, _ = file.Write(make([]byte, 1<<20))
			form.Close()
			b.serve(t, 1, h, 1, func(c *http.Client, url string) {
				finish(c.Post(url, form.FormDataContentType(), io.LimitReader(&body, 1<<30))) // no length declared
			})
			if files, _ := os.ReadDir(os.TempDir()); len(files) != 0 {
				t.Errorf("%d files are left", len(files))
			}
		})
	}
}

// A client that waits to be asked for its body, and is not, is not.
func TestExpectContinue(t *testing.T) {
	b := newBench(t, nil)
	h := Timer(b.Client, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))
	b.serve(t, 1, h, 1, func(_ *http.Client, url string) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // only a failure takes that long
		fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
		answer, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(answer, "HTTP/1.1 413 ") {
			t.Errorf("%v: %q", err, answer)
		}
	})
}
