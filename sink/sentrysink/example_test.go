package sentrysink_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
)

// An application's exceptions, and one deployment, go to a project.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(sentry)) // stands in for Sentry
	defer server.Close()
	dsn := strings.Replace(server.URL, "://", "://0123456789abcdef@", 1) + "/7"

	events, err := sentrysink.New(dsn, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer events.Close()
	exception := `{"event_id":"5f2c1e9a7b3d4c6081f0a2b4c6d8e0f2","exception":{"values":[{"type":"*shop.Error","value":"card refused"}]}}`
	for _, draft := range []envelope.Draft{
		{Type: envelope.TypeException, Logger: "shop", Severity: envelope.Error, Payload: exception},
		{Type: "deploy", Logger: "shop", Payload: "v42 is out", Fields: []slog.Attr{slog.Int("hosts", 12)}},
	} {
		m, err := draft.Seal()
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := events.Send(context.Background(), []envelope.Message{m}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("acknowledged:", events.Account().Done)
	// Output:
	// error: *shop.Error: card refused
	// info: v42 is out, map[hosts:12]
	// acknowledged: 2
}

// Clients of 2012 name their projects in their messages. Those that are on a list are obeyed.
func ExampleOptions() {
	events, err := sentrysink.New("https://0123456789abcdef@sentry.example.com/1", &sentrysink.Options{
		ByLogger: map[string]string{"payments": "https://0123456789abcdef@sentry.example.com/2"},
		ByDSN:    map[string]string{"udp://sentry.old.example.com:9001/7": "https://0123456789abcdef@sentry.example.com/7"},
		Allow:    []string{"sentry.example.com:443"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer events.Close()
	m, err := envelope.Draft{Type: "x", Fields: []slog.Attr{slog.String("dsn", "http://key:secret@169.254.169.254/7")}}.Seal()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range sink.Failures(events.Send(context.Background(), []envelope.Message{m}), 1) {
		var dsn *sentrysink.DSNError
		fmt.Println(errors.As(err, &dsn), sink.IsPermanent(err))
		fmt.Println(err)
	}
	// Output:
	// true true
	// sentrysink: fields.dsn: "169.254.169.254:80" is not on the list of addresses allowed
}

// sentry prints what it is sent.
func sentry(_ http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := json.NewDecoder(z)
	var header, item struct{}
	var event struct {
		Level, Message string
		Exception      struct {
			Values []struct{ Type, Value string }
		}
		Contexts map[string]any
	}
	if err := errors.Join(lines.Decode(&header), lines.Decode(&item), lines.Decode(&event)); err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range event.Exception.Values {
		fmt.Printf("%s: %s: %s\n", event.Level, x.Type, x.Value)
	}
	if event.Message != "" {
		fmt.Printf("%s: %s, %v\n", event.Level, event.Message, event.Contexts["metlog"])
	}
}
