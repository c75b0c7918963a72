package deadletter

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

func parse(t *testing.T, text string) envelope.Message {
	t.Helper()
	m, err := envelope.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantField(t *testing.T, m *envelope.Message, name, want string) {
	t.Helper()
	if v, _ := m.Field(name); v.String() != want {
		t.Errorf("fields.%s = %q, want %q", name, v.String(), want)
	}
}

func TestWrap(t *testing.T) {
	const text = `{"type":"x","payload":"a \"quoted\" é line","fields":{"n":12345678901234567890,"f":1.50}}`
	m := parse(t, text)
	at := time.Date(2026, 11, 23, 9, 30, 0, 123456789, time.UTC)
	id := envelope.NewID()
	m = m.WithMeta(envelope.Meta{Received: at, Origin: "udp://127.0.0.1:5", ID: id})
	letter, err := Wrap(&m, Reason{Sink: "statsd udp://h:1", Err: errors.New("no \"route\"\n"), Attempts: 3, First: at.Add(time.Second), Last: at.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if letter.Type() != envelope.TypeDeadLetter || letter.Severity() != envelope.Warning {
		t.Errorf("type %q, severity %v", letter.Type(), letter.Severity())
	}
	if letter.Payload() != text {
		t.Errorf("payload %s, want the message's JSON unchanged", letter.Payload())
	}
	for name, want := range map[string]string{
		"sink":     "statsd udp://h:1",
		"error":    "no \"route\"\n",
		"attempts": "3",
		"first":    "2026-11-23T09:30:01.123456789Z",
		"last":     "2026-11-23T09:31:00.123456789Z",
		"received": "2026-11-23T09:30:00.123456789Z",
		"origin":   "udp://127.0.0.1:5",
		"id":       id.String(),
	} {
		wantField(t, &letter, name, want)
	}
}

// Who has never tried has no first and last attempt.
func TestWrapWithoutAttempts(t *testing.T) {
	m := parse(t, `{"type":"x"}`)
	letter, err := Wrap(&m, Reason{Sink: "queue", Err: errors.New("full"), First: time.Now(), Last: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	wantField(t, &letter, "attempts", "0")
	for _, name := range []string{"first", "last"} {
		if v, ok := letter.Field(name); ok {
			t.Errorf("fields.%s is %s", name, v.JSON())
		}
	}
}

func TestWrapBoundsError(t *testing.T) {
	m := parse(t, `{"type":"x"}`)
	letter, err := Wrap(&m, Reason{Err: errors.New(strings.Repeat("é", 5000))})
	if err != nil {
		t.Fatal(err)
	}
	wantField(t, &letter, "error", strings.Repeat("é", maxError/2))
	letter, err = Wrap(&m, Reason{})
	if err != nil {
		t.Fatal(err)
	}
	wantField(t, &letter, "error", "")
}

func TestUndecodable(t *testing.T) {
	bad := &envelope.SyntaxError{Offset: 7, Reason: "not JSON"}
	long := strings.Repeat("é", MaxFrame)
	raw := "\xff" + strings.Repeat("x", MaxFrame)
	for _, test := range []struct {
		name, frame     string
		err             error
		payload, offset string
		encoding, bytes string
	}{
		{"text", "hello\nthere", bad, "hello\nthere", "7", "", ""},
		{"empty", "", bad, "", "7", "", ""},
		{"other error", "hello", errors.New("cut off"), "hello", "0", "", ""},
		{"wrapped error", "hello", errors.Join(bad), "hello", "7", "", ""},
		{"largest", long[:MaxFrame], bad, long[:MaxFrame], "7", "", ""},
		{"too long", "x" + long, bad, "x" + long[:MaxFrame-2], "7", "", "131073"},
		{"bytes", "\xff\x00", bad, base64.StdEncoding.EncodeToString([]byte("\xff\x00")), "7", "base64", ""},
		{"bytes too long", raw, bad, base64.StdEncoding.EncodeToString([]byte(raw[:MaxFrame])), "7", "base64", "65537"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := Undecodable(test.frame, test.err, "here")
			if err != nil {
				t.Fatal(err)
			}
			if m.Type() != envelope.TypeUndecodable || m.Severity() != envelope.Warning {
				t.Errorf("type %q, severity %v", m.Type(), m.Severity())
			}
			if m.Payload() != test.payload {
				t.Errorf("payload %.80q (%d bytes), want %.80q (%d)", m.Payload(), len(m.Payload()), test.payload, len(test.payload))
			}
			wantField(t, &m, "error", test.err.Error())
			wantField(t, &m, "offset", test.offset)
			wantField(t, &m, "origin", "here")
			wantField(t, &m, "encoding", test.encoding)
			wantField(t, &m, "bytes", test.bytes)
		})
	}
}

// What metlog writes itself passes its own strict reader.
func TestLettersAreStrict(t *testing.T) {
	m := parse(t, `{"type":"x"}`)
	letter, err1 := Wrap(&m, Reason{Sink: "statsd", Err: errors.New("down"), Attempts: 1})
	undecodable, err2 := Undecodable("{", errors.New("cut off"), "here")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	strict := envelope.Parser{Strict: true}
	for _, m := range []envelope.Message{letter, undecodable} {
		if _, err := strict.AppendParse(nil, m.JSON(), 0, envelope.Meta{}); err != nil {
			t.Errorf("%s: %v", m.JSON(), err)
		}
	}
}

func TestCutKeepsContinuationBytes(t *testing.T) {
	if got := cut(strings.Repeat("\x80", 10), 5); len(got) != 5 {
		t.Errorf("cut of bytes that are no text returned %d of 5", len(got))
	}
}
