package sentrysink

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func TestMessages(t *testing.T) {
	s := newSink(t, "http://k@h/1", &Options{
		Redact:      []string{"PIN"},
		Fingerprint: func(m *envelope.Message) []string { return []string{m.Type(), "{{ default }}"} },
	})
	m := seal(t, envelope.Draft{Type: "deploy", Logger: "shop", Hostname: "web3", Severity: envelope.Warning, Payload: "v42 \x00 is out", Fields: []slog.Attr{
		slog.Int("hosts", 12), slog.String("pin", "1"), slog.Group("by", slog.String("password", "x"), slog.String("url", "http://a:b@c/")),
	}})
	want := anyMap{
		"event_id": m.Meta().ID.String(), "level": "warning", "platform": "other", "logger": "shop", "server_name": "web3", "message": "v42 � is out",
		"tags": anyMap{"type": "deploy"}, "fingerprint": []any{"deploy", "{{ default }}"},
		"contexts": anyMap{"metlog": anyMap{"hosts": 12., "pin": redacted, "by": anyMap{"password": redacted, "url": "http://a:[redacted]@c/"}}},
	}
	got := decoded(t, written(t, s, &m))
	delete(got, "timestamp")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestMessageTexts(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	for _, test := range []struct{ text, want string }{
		{`{"type":"a","payload":"p","fields":{"msg":"m"}}`, "p"},
		{`{"type":"a","payload":"","fields":{"msg":"m"}}`, "m"},
		{`{"type":"a","payload":null,"fields":null}`, "a"},
		{`{"type":"a","payload":{"b":1},"fields":[1]}`, `{"b":1}`},
		{`{"type":"a","payload":"` + strings.Repeat("é", 5000) + `"}`, strings.Repeat("é", 4096) + "…"},
	} {
		m, err := envelope.Parse([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := at(decoded(t, written(t, s, &m)), "message"); got != test.want {
			t.Errorf("%.80s: %.80v", test.text, got)
		}
	}
	m, err := envelope.Parse([]byte(`{"type":"","payload":"p","fields":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, written(t, s, &m)); got["tags"] != nil || !reflect.DeepEqual(at(got, "contexts", "metlog"), anyMap{"value": []any{1.}}) {
		t.Errorf("%v", got)
	}
}

// What is no event says what it is instead.
func TestNoEventTexts(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	for _, test := range []struct{ payload, want string }{
		{"", "the payload is empty"},
		{" \r\n\t", "the payload is empty"},
		{`""`, "the payload is no JSON object"},
		{"null", "the payload is no JSON object"},
		{"[]", "the payload is no JSON object"},
		{" 17", "the payload is no JSON object"},
		{packed(t, "[]"), "the payload is no JSON object"},
		{"{", "the event: truncated at offset 1"},
		{`{"a":}`, "the event: unexpected character at offset 5"},
		{"{} {}", "the event: unexpected character at offset 2"},
		{packed(t, ""), "the event: empty at offset 0"},
		{packed(t, `{"a":01}`), "the event: malformed number at offset 5"},
		{"[", "the payload is neither a JSON object nor base64 of zlib: unexpected EOF"},
		{"Traceback", "the payload is neither a JSON object nor base64 of zlib: zlib: invalid header"},
	} {
		m := exception(t, test.payload)
		if _, err := s.event(&m, new(scratch)); err == nil || err.Error() != test.want {
			t.Errorf("%q: %v, want %s", test.payload, err, test.want)
		}
	}
}
