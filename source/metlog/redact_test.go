package metlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// A password that reaches over what is shown is hidden as well.
func TestPasswordAtTheEnd(t *testing.T) {
	for _, v := range []any{"", []byte{}} {
		text := strings.Repeat("x", maxString-len("a://b:hunt")) + "a://b:hunter2@" + strings.Repeat("y", maxString)
		v = reflect.ValueOf(text).Convert(reflect.TypeOf(v)).Interface()
		if got, _ := appendCopy(v); strings.Contains(string(got), "hunt") || !strings.Contains(string(got), "a://b:") {
			t.Errorf("%s", got)
		}
	}
}

// What is hidden is nowhere: neither in the event nor beside it.
func TestSecretsStandNowhere(t *testing.T) {
	type part struct{ APIToken, Note string }
	const secret, shown = "hunt" + "er2", "harm" + "less" // as neither stands in the lines of source
	url := "postgres://amy:" + secret + "@db?a=b&sslkey=" + secret
	settings := struct {
		Password string
		Parts    []part
		Dial     string
		Raw      []byte
	}{secret, []part{{secret, shown}}, url, []byte("a://:" + secret + secret + "@b")}
	headers := json.RawMessage(fmt.Sprintf(`{"X-Api-Key":%q,"p\u0061ssword":%[1]q,"Accept":%q}`, secret, shown))
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{Redact: []string{"sid"}})
	ctx := Watch(t.Context(), "settings", &settings)
	ctx = Var(ctx, "copy", settings)
	request := slog.Group("request", slog.Any("headers", headers), slog.String("SID", secret))
	c.Exception(ctx, fmt.Errorf("dial %s: %w", url, errors.New(url)), request, slog.String("password", secret),
		slog.Group("db", slog.String("Key", secret), slog.Any("dsn", json.RawMessage(`"`+strings.ReplaceAll(url, "&", `\u0026`)+`"`))))
	c.Panic(ctx, url, request)
	c.Panic(ctx, errors.New(url))
	fields := fmt.Appendf(nil, `{"password":%q,"db":{"Key":[%[1]q],"dsn":%q},"request":{"url":%[2]q},"note":%q}`, secret, url, shown)
	if err := c.EmitLine(ctx, &Line{Type: "error", Error: url, Message: url, Fields: fields}); err != nil {
		t.Error(err)
	}
	flush(t, c)
	for _, m := range to.All() {
		if strings.Contains(m.JSON(), secret) || !strings.Contains(m.JSON(), shown) {
			t.Error(m.JSON())
		}
	}
	m := to.All()[0]
	if v, _ := m.Field("request", "headers", "Accept"); v.String() != shown {
		t.Errorf("fields say %s", v.JSON())
	}
	if !strings.Contains(m.Payload(), `"Raw":"a://:[redacted]@b"`) {
		t.Errorf("event %s", m.Payload())
	}
	if v, _ := m.Field("db", "Key"); v.String() != "[redacted]" {
		t.Errorf("fields say %s", v.JSON())
	}
	if to.Len() != 4 {
		t.Errorf("%d messages", to.Len())
	}
}

// What an error's method panics with may have secrets as well, whatever it calls itself.
func TestSecretsOfPanickingErrors(t *testing.T) {
	for _, thrown := range []any{"a://b:hunter2@c", errors.New("a://b:hunter2@c"), fakeRuntimeError("a://b:hunter2@c"), struct{ Key string }{"hunter2"}} {
		m, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), textThrows{thrown}) })
		if v, _ := m.Field("msg"); strings.Contains(v.String(), "hunter2") || strings.Contains(e.top().Value, "hunter2") || !strings.HasPrefix(v.String(), "!PANIC: ") {
			t.Errorf("%T: %s, %s", thrown, v.String(), e.top().Value)
		}
	}
}

type textThrows struct{ what any }

func (e textThrows) Error() string { panic(e.what) }

type fakeRuntimeError string

func (fakeRuntimeError) RuntimeError()   {}
func (e fakeRuntimeError) Error() string { return string(e) }
