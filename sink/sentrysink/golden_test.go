package sentrysink

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A recording is a message that metlog-raven sent.
type recording struct {
	name    string
	message envelope.Message
}

// recordings returns what the old Python clients put on the wire: raven 2.0.7 and 3.1.16.
func recordings(t testing.TB) (all []recording) {
	t.Helper()
	files, _ := filepath.Glob("../../envelope/testdata/golden/py-*/sentry.jsonl")
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var recorded struct {
				Name string
				Raw  []byte `json:"raw_b64"`
			}
			if err := json.Unmarshal(lines.Bytes(), &recorded); err != nil {
				t.Fatal(path, err)
			}
			m, err := envelope.Parse(recorded.Raw)
			if err != nil {
				t.Fatal(path, recorded.Name, err)
			}
			all = append(all, recording{filepath.Base(filepath.Dir(path)) + "/" + recorded.Name, m})
		}
		_ = file.Close()
	}
	if len(all) < 18 {
		t.Fatalf("only %d recordings", len(all))
	}
	return all
}

type anyMap = map[string]any

// at returns what lies at a path of names and indexes, nil if nothing does.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(anyMap)
			value = m[step]
		case int:
			list, _ := value.([]any)
			if step < 0 {
				step += len(list)
			}
			if step < 0 || step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// Every member of every recorded event is found again, by a reading that shares no code with the translation.
func TestRecordings(t *testing.T) {
	s := newSink(t, "http://key@127.0.0.1/1", nil)
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			if strings.HasSuffix(r.name, "sentry-payload") { // a caller's own text, which no server ever took
				if _, err := s.event(&r.message, new(scratch)); err == nil {
					t.Error("a text is an event")
				}
				return
			}
			old, now := unpacked(t, r.message.Payload()), decoded(t, written(t, s, &r.message))
			exception := at(now, "exception", 0)
			for _, pair := range []struct {
				name      string
				got, want any
			}{
				{"event_id", at(now, "event_id"), at(old, "event_id")},
				{"timestamp", at(now, "timestamp"), at(old, "timestamp")},
				{"level", at(now, "level"), "error"},
				{"message", at(now, "message"), at(old, "message")},
				{"platform", at(now, "platform"), "python"},
				{"transaction", at(now, "transaction"), at(old, "culprit")},
				{"server_name", at(now, "server_name"), at(old, "server_name")},
				{"fingerprint", at(now, "fingerprint", 0), at(old, "checksum")},
				{"extra", at(now, "contexts", "extra"), at(old, "extra")},
				{"project", at(now, "contexts", "raven", "project"), at(old, "project")},
				{"type", at(exception, "type"), at(old, "sentry.interfaces.Exception", "type")},
				{"value", at(exception, "value"), at(old, "sentry.interfaces.Exception", "value")},
				{"module", at(exception, "module"), at(old, "sentry.interfaces.Exception", "module")},
			} {
				if !reflect.DeepEqual(pair.got, pair.want) {
					t.Errorf("%s: %v, want %v", pair.name, pair.got, pair.want)
				}
			}
			if modules, _ := at(old, "modules").(anyMap); len(modules) > 0 && !reflect.DeepEqual(at(now, "modules"), at(old, "modules")) {
				t.Errorf("modules: %v, want %v", at(now, "modules"), modules)
			}
			compareFrames(t, at(exception, "stacktrace", "frames"), at(old, "sentry.interfaces.Stacktrace", "frames"))
		})
	}
}

func compareFrames(t *testing.T, now, old any) {
	t.Helper()
	frames, _ := old.([]any)
	if shown, _ := now.([]any); len(frames) == 0 || len(shown) != len(frames) {
		t.Fatalf("%d frames, want %d", len(shown), len(frames))
	}
	for i := range frames {
		got, _ := at(now, i).(anyMap)
		for name, want := range withoutNull(frames[i]) {
			if list, ok := want.([]any); ok && len(list) == 0 { // raven wrote [] for no line
				continue
			}
			if vars, ok := want.(anyMap); ok {
				if len(vars) == 0 {
					continue
				}
				if vars["password"] != nil {
					vars["password"] = redacted // raven wrote asterisks
				}
			}
			if !reflect.DeepEqual(got[name], want) {
				t.Errorf("frame %d, %s: %.500v, want %.500v", i, name, got[name], want)
			}
		}
		if got["in_app"] != true {
			t.Errorf("frame %d is not the application's", i)
		}
	}
}

// withoutNull returns an object without what is null.
func withoutNull(object any) anyMap {
	out := make(anyMap)
	for name, value := range object.(anyMap) {
		if value != nil {
			out[name] = value
		}
	}
	return out
}

func decoded(t testing.TB, text string) (event anyMap) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatalf("%v in %.2000s", err, text)
	}
	return event
}

// unpacked returns the event of an old client's payload.
func unpacked(t testing.TB, payload string) anyMap {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, string(text))
}

// packed returns what an old client would send of an event.
func packed(t testing.TB, event string) string {
	t.Helper()
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if _, err := io.WriteString(z, event); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
