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

func TestPasswordsInURLs(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"no URL", "no URL"},
		{"amy:hunter2@db", "amy:hunter2@db"},
		{"https://x.example:80/a@b", "https://x.example:80/a@b"},
		{"https://amy@x.example:80/", "https://amy@x.example:80/"},
		{"https://amy:hunter2@x.example/p", "https://amy:[redacted]@x.example/p"},
		{"postgres://:hunter2@db", "postgres://:[redacted]@db"},
		{"redis://amy:a:b@c@db:1", "redis://amy:[redacted]@db:1"},
		{"a://b:c@d e://f:g@h?i://j:k@l", "a://b:[redacted]@d e://f:[redacted]@h?i://j:[redacted]@l"},
		{`Get "https://amy:hunter2@x.example": no`, `Get "https://amy:[redacted]@x.example": no`},
		{"://://:@", "://:[redacted]@"},
		{"postgres://amy:hunt/er#2@db/shop?a@b c@d", "postgres://amy:[redacted]@b c@d"},
		{`parse "redis://:#hunter2@db": invalid`, `parse "redis://:[redacted]@db": invalid`},
		{"a://b:c://d:e/f@g://h:i@j://", "a://b:[redacted]@j://"},
		{"http://[::1]:80/a@b http://x:y/a", "http://[::1]:80/a@b http://x:y/a"},
		{strings.Repeat("a://b:c/", 1<<17), strings.Repeat("a://b:c/", 1<<17)},
		{strings.Repeat("a://b:c/", 1<<17) + "@", "a://b:[redacted]@"},
	} {
		if got := hidePasswords(tt.text); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParametersInURLs(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"what? key=1 & so on", "what? key=1 & so on"},
		{"https://x.example/a?id=1", "https://x.example/a?id=1"},
		{"https://x.example/a?id=1&Token=abc&b=2", "https://x.example/a?id=1&Token=[redacted]&b=2"},
		{`Get "/a?password=a=b/c;d": no`, `Get "/a?password=[redacted]": no`},
		{"/a?pass%77ord=b#access_token=c", "/a?pass%77ord=[redacted]#access_token=[redacted]"},
		{"/a?b&api%5Bkey%5D=c <d>", "/a?b&api%5Bkey%5D=[redacted] <d>"},
		{"jdbc:db://h;user=amy;password=b;c", "jdbc:db://h;user=amy;password=[redacted]"},
		{"/a?b;token=c&amp;token=d", "/a?b;token=[redacted]&amp;token=[redacted]"},
		{"/a;token=b?c=d;e", "/a;token=[redacted]?c=d;e"},
		{"/a?%zz=1&key=", "/a?%zz=1&key=[redacted]"},
		{"???&&&key=a?key=b&key", "???&&&key=[redacted]?key=[redacted]&key"},
		{"ftp://amy:b@c/?sid=d&sid", "ftp://amy:[redacted]@c/?sid=[redacted]&sid"},
		{strings.Repeat("?", 1<<20), strings.Repeat("?", 1<<20)},
		{strings.Repeat(";", 1<<20) + "=", strings.Repeat(";", 1<<20) + "="},
	} {
		if got := newRedactor([]string{"SID"}).text(tt.text); got != tt.want {
			t.Errorf("%.100q became %.100q, want %.100q", tt.text, got, tt.want)
		}
	}
}

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

// Whatever stands around a password and in it, it is hidden, and what is hidden stays as it is.
func FuzzPasswords(f *testing.F) {
	f.Add("", "", "")
	f.Add("dial a://b:c@d?key=e ", "f:g/h#i?j", "/k@l")
	f.Add("a://b:c://[d]:1/;token=", "://", "\" e://f:g")
	f.Fuzz(func(t *testing.T, before, password, after string) {
		hide := newRedactor(nil)
		if text := hide.text(before + password + after); hide.text(text) != text {
			t.Errorf("%q became %q, and that %q", before+password+after, text, hide.text(text))
		}
		if strings.ContainsAny(password, endsURL) {
			return
		}
		password = "hunt" + password + "er2"
		if text := hide.text(before + " db://amy:" + password + "@db" + after); strings.Contains(text, password) && !strings.Contains(before+after, password) {
			t.Errorf("%q stands in %q", password, text)
		}
	})
}
