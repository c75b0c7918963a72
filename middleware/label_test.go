package middleware

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// names serves a request for each path with h, and returns the names of the timers.
func (b bench) names(t *testing.T, h http.Handler, paths ...string) (names []string) {
	t.Helper()
	for _, path := range paths {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range b.kept.TakeAll() {
		name, _ := m.Field("name")
		names = append(names, name.String())
	}
	return names
}

func TestLabel(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("shop.example/", func(http.ResponseWriter, *http.Request) {})
	for _, test := range []struct {
		name, path string
		label      func(*http.Request) string
		want       string
	}{
		{"pattern", "/x/7", nil, "http.GET /x/{id}.2xx"},
		{"pattern with a host", "http://shop.example/a", nil, "http.shop.example/.2xx"},
		{"redirected", "http://shop.example/a//b", nil, "http.shop.example/.3xx"},
		{"none", "/y", nil, "http.unmatched.4xx"},
		{"a function's", "/x/7", func(*http.Request) string { return "item" }, "http.item.2xx"},
		{"of the request passed on", "/x/7", func(r *http.Request) string { return "my " + r.Pattern }, "http.my GET /x/{id}.2xx"},
		{"a function's, none", "/x/7", func(*http.Request) string { return "" }, "http.GET /x/{id}.2xx"},
		{"a function's, which panics", "/x/7", func(*http.Request) string { panic("label") }, "http.GET /x/{id}.2xx"},
		{"long", "/x/7", func(*http.Request) string { return strings.Repeat("é", 200) }, "http." + strings.Repeat("é", 128) + ".2xx"},
		{"long, odd", "/x/7", func(*http.Request) string { return "x" + strings.Repeat("é", 200) }, "http.x" + strings.Repeat("é", 127) + ".2xx"},
		{"long, no UTF-8", "/x/7", func(*http.Request) string { return strings.Repeat("\x80", 300) }, "http." + strings.Repeat("\ufffd", 252) + ".2xx"},
		{"of lines", "/x/7", func(*http.Request) string { return "a\nb" }, "http.a\nb.2xx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.names(t, Timer(b.Client, &TimerOptions{Label: test.label})(mux), test.path, test.path)
			if want := []string{test.want, test.want}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// A Label that returns something else each time does not make any number of names.
func TestManyLabels(t *testing.T) {
	b := newBench(t, nil)
	h := Timer(b.Client, &TimerOptions{Label: func(r *http.Request) string { return r.URL.Path }})(http.NotFoundHandler())
	var paths []string
	for i := range maxLabels + 5 {
		paths = append(paths, fmt.Sprintf("/%d", i))
	}
	paths = append(paths, "/0")
	seen := map[string]int{}
	for _, name := range b.names(t, h, paths...) {
		seen[name]++
	}
	if len(seen) != maxLabels+1 || seen["http.other.4xx"] != 5 || seen["http./0.4xx"] != 2 {
		t.Errorf("%d names, %d times other, %d times the first", len(seen), seen["http.other.4xx"], seen["http./0.4xx"])
	}
}

func TestRates(t *testing.T) {
	rates := func(text string) metlog.Rates {
		r, err := metlog.ParseRates(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /b", func(http.ResponseWriter, *http.Request) {})
	b := newBench(t, &metlog.Options{Rates: rates("http.GET /a.*=0")})
	h := Timer(b.Client, nil)(mux)
	offered := func() uint64 { return b.Account().Offered }
	if got := b.names(t, h, "/a", "/b"); fmt.Sprint(got) != "[http.GET /b.2xx]" || offered() != 1 {
		t.Errorf("a off: %q, %d offered", got, offered())
	}
	b.SetRates(rates("http.*=0\nhttp.*.4xx=1"))
	if got := b.names(t, h, "/a", "/b", "/c"); fmt.Sprint(got) != "[http.unmatched.4xx]" || offered() != 2 {
		t.Errorf("all but 4xx off: %q, %d offered", got, offered())
	}
	b.SetRates(rates("http.GET /b.*=0.5"))
	many := strings.Split(strings.Repeat("/b ", 1000), " ")[:1000]
	if got := len(b.names(t, h, many...)); got < 350 || got > 650 {
		t.Errorf("%d of 1000 at a rate of 0.5", got)
	}
	if a := b.Account(); a.Offered != 1002 || a.Dropped["sampled"] == 0 || !a.Balanced() {
		t.Errorf("account: %+v", a)
	}
}

// PatternOf finds what middleware hides.
func TestPatternOf(t *testing.T) {
	b := newBench(t, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x/{id}", func(http.ResponseWriter, *http.Request) {})
	hidden := withContext(mux)
	if got := b.names(t, Timer(b.Client, nil)(hidden), "/x/7"); fmt.Sprint(got) != "[http.unmatched.2xx]" {
		t.Errorf("without PatternOf: %q", got)
	}
	timer := Timer(b.Client, &TimerOptions{Label: PatternOf(mux)})
	for _, h := range []http.Handler{timer(hidden), timer(mux)} {
		if got := b.names(t, h, "/x/7", "/y"); fmt.Sprint(got) != "[http.GET /x/{id}.2xx http.unmatched.4xx]" {
			t.Errorf("with PatternOf: %q", got)
		}
	}
}

// What cannot work is refused when the program is put together.
func TestNil(t *testing.T) {
	m := newBench(t, nil).Client
	var none *http.ServeMux
	for name, f := range map[string]func(){
		"Timer: nil client":     func() { Timer(nil, nil) },
		"Timer: nil handler":    func() { Timer(m, nil)(nil) },
		"Panics: nil client":    func() { Panics(nil, nil) },
		"Panics: nil handler":   func() { Panics(m, nil)(none) },
		"Transport: nil client": func() { Transport(nil, nil) },
		"PatternOf: nil mux":    func() { PatternOf(nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != "middleware: "+name {
					t.Errorf("%s: %v", name, got)
				}
			}()
			f()
		}()
	}
}

// The envelope carries a name as it is, whatever is in it.
func TestNameIsOneLine(t *testing.T) {
	b := newBench(t, nil)
	h := Timer(b.Client, &TimerOptions{Label: func(*http.Request) string { return "a\nb\"c\x00" }})(http.NotFoundHandler())
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := b.kept.JSON()[0]
	if _, err := (&envelope.Parser{Strict: true}).AppendParse(nil, line, len(line), envelope.Meta{}); err != nil || strings.ContainsAny(line, "\n\x00") {
		t.Errorf("%v: %q", err, line)
	}
}
