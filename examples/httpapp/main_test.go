package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/sink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFitsOneHundredFiftyLines(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n >= 150 {
		t.Errorf("main.go has %d lines", n)
	}
}

// visit runs the shop, asks it for paths, ends it and returns all it has printed.
func visit(t *testing.T, rates string, paths ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, "127.0.0.1:0", "", rates, out)
		out.Close()
	}()
	lines := bufio.NewReader(in)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&rest, lines)
	}()
	base := strings.TrimSpace(strings.TrimPrefix(first, "listening on "))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, path := range paths {
		get := func() (*http.Response, error) { return client.Get(base + path) }
		if item, ok := strings.CutPrefix(path, "/cart "); ok {
			get = func() (*http.Response, error) { return client.PostForm(base+"/cart", url.Values{"item": {item}}) }
		}
		answer, err := get()
		if err != nil {
			t.Error(err)
			continue
		}
		answer.Body.Close()
		if crashed := answer.StatusCode == http.StatusInternalServerError; crashed != (path == "/boom") {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-read
	return rest.String()
}

func TestShop(t *testing.T) {
	got := visit(t, "", "/items/lamp", "/items/none", "/cart lamp", "/cart none", "/boom", "/secret")
	for _, want := range []string{
		`timer "http.GET /items/{id}.2xx" `,
		`timer "http.GET /items/{id}.4xx" `,
		`timer "http.POST /cart.2xx" `,
		`timer "http.POST /cart.4xx" `,
		`timer "http.GET /boom.5xx" `,
		`timer "http.unmatched.4xx" `,
		`timer "store.read" `,
		`timer "store.write" `,
		`oldstyle Info "stored"`,
		`sentry "runtime error: index out of range [2] with length 2"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "oldstyle "); n != 1 {
		t.Errorf("%d lines of the log, want that of the cart alone, in\n%s", n, got)
	}
	checkNote(t, got, 13, 13, 0)
}

// What is answered is not told to net/http, whose log would carry every panic a second time.
func TestPanicIsAnswered(t *testing.T) {
	got := visit(t, "http.*=0", "/boom", "/boom")
	checkNote(t, got, 2, 2, 0)
}

func TestShopWithRates(t *testing.T) {
	got := visit(t, "*=0\nhttp.*=1", "/items/lamp", "/items/lamp")
	if strings.Contains(got, "store.read") {
		t.Error("a timer that is off is sent")
	}
	checkNote(t, got, 2, 2, 0)
	got = visit(t, "http.*=0.000000001\nstore.*=0", "/items/lamp", "/items/lamp")
	checkNote(t, got, 2, 0, 2)
}

// checkNote looks at the line that adds up.
func checkNote(t *testing.T, text string, emitted, done, sampled int) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^emitted (\d+) = done (\d+) \+ sampled out (\d+) \+ dropped 0$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no note in\n%s", text)
	}
	if got, want := fmt.Sprint(found[1:]), fmt.Sprint([]int{emitted, done, sampled}); got != want {
		t.Errorf("note %s, want %s, in\n%s", got, want, text)
	}
}

func TestNote(t *testing.T) {
	a := sink.Account{Offered: 10, Done: 4, Dropped: map[string]uint64{"sampled": 3, "full": 2, "shutdown": 1}}
	want := `emitted 10 = done 4 + sampled out 3 + dropped 3
         4 done         given to libzmq, which gets no receipts: what it has not sent to tcp://10.0.0.1:5565 at the end is lost, and counted here all the same
         2 full         lost: made faster than the endpoint took them, and 16 MiB were waiting for it already
         3 sampled      not sent because -rate said so
         1 shutdown     lost: still waiting for the endpoint when the time for the end was over
What the table calls refused went back to the line above, and is counted there.
`
	if got := note(a, "tcp://10.0.0.1:5565"); got != want {
		t.Errorf("note\n%s\nwant\n%s", got, want)
	}
	if got, want := note(sink.Account{Offered: 1, Done: 1}, ""), "emitted 1 = done 1 + sampled out 0 + dropped 0\n         1 done         printed\n"; got != want {
		t.Errorf("note\n%s\nwant\n%s", got, want)
	}
}

func TestWrongFlags(t *testing.T) {
	for name, f := range map[string]func() error{
		"endpoint": func() error { return run(t.Context(), "127.0.0.1:0", "tcp://", "", io.Discard) },
		"rates":    func() error { return run(t.Context(), "127.0.0.1:0", "", "a=2", io.Discard) },
		"address":  func() error { return run(t.Context(), "127.0.0.1:-1", "", "", io.Discard) },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
