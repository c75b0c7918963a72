package middleware

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A bench is a client whose messages are kept.
type bench struct {
	*metlog.Client
	kept *sinktest.Recorder
}

func newBench(t *testing.T, o *metlog.Options) bench {
	t.Helper()
	if o == nil {
		o = &metlog.Options{}
	}
	o.FlushInterval = time.Millisecond
	kept := new(sinktest.Recorder)
	m, err := metlog.New(kept, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return bench{m, kept}
}

// serve runs handler on a server of protocol major version 1 or 2 while use runs, and until n messages are there. It
// returns all there are.
func (b bench) serve(t *testing.T, version int, handler http.Handler, n int, use func(*http.Client, string)) []envelope.Message {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if server.EnableHTTP2 = version == 2; version == 2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	use(client, server.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.kept.Wait(ctx, n); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := b.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	all := b.kept.All()
	if len(all) != n {
		t.Errorf("%d messages, want %d: %v", len(all), n, b.kept.JSON())
	}
	if a := b.Account(); !a.Balanced() || a.Held > 0 {
		t.Errorf("account: %+v", a)
	}
	return all
}

// fields returns the fields of a message, without those that differ from run to run or are checked elsewhere.
func fields(t *testing.T, m *envelope.Message, without ...string) map[string]any {
	t.Helper()
	var text struct{ Fields map[string]any }
	if err := json.Unmarshal([]byte(m.JSON()), &text); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(text.Fields, func(name string, _ any) bool {
		for _, s := range without {
			if s == name {
				return true
			}
		}
		return false
	})
	return text.Fields
}

// get asks for a path, and returns the status, 0 when there was no whole answer, and the body.
func get(client *http.Client, url string) (int, string) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, string(body)
	}
	return answer.StatusCode, string(body)
}
