package integration

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A vector is one envelope that an original client put on the wire, and what must become of it.
type vector struct {
	name  string
	frame string
	text  string // what the archive must hold
	stat  bool   // a timer, counter or gauge
	dead  bool   // one that no line of statsd's can say
	bad   bool   // one that can be said, but statsd takes no negative timers
	key   string // a counter's name at statsd
	count float64
}

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// A recording is a message that an original client sent.
type recording struct {
	client, name string // the client as its folder is called
	raw          []byte
}

// recordings returns what stands in the golden files of a pattern.
func recordings(t testing.TB, pattern string) (all []recording) {
	t.Helper()
	files, err := filepath.Glob("../../envelope/testdata/golden/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
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
			all = append(all, recording{filepath.Base(filepath.Dir(path)), recorded.Name, recorded.Raw})
		}
		if err := lines.Err(); err != nil {
			t.Fatal(path, err)
		}
	}
	return all
}

// goldenVectors returns every recorded envelope that fits a datagram, one envelope a frame.
func goldenVectors(t testing.TB) (vectors []vector) {
	t.Helper()
	for _, recorded := range recordings(t, "*/*.jsonl") {
		m, err := envelope.Parse(recorded.raw)
		if err != nil {
			continue // bytes of a connection, other encodings, several at once: envelope's own tests have them
		}
		v := vector{name: recorded.name, frame: string(recorded.raw), text: m.JSON()}
		switch m.Type() {
		case envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge:
			v.stat = true
			v.key, v.dead = statKey(&m)
			elapsed, err := strconv.ParseFloat(strings.TrimSpace(m.Payload()), 64)
			v.bad = m.Type() == envelope.TypeTimer && err == nil && elapsed < 0 && !v.dead
			v.count = statCount(&m)
		}
		vectors = append(vectors, v)
	}
	if len(vectors) < 400 {
		t.Fatalf("only %d golden vectors", len(vectors))
	}
	return vectors
}

// statKey returns the key of a message at statsd, by the rules that statsdsink documents and then by statsd's own, and
// whether there can be none.
func statKey(m *envelope.Message) (key string, dead bool) {
	field, _ := m.Field("name")
	name := strings.Trim(field.String(), ".: ")
	if name == "" || !decimal.MatchString(strings.TrimSpace(m.Payload())) {
		return "", true
	}
	key = strings.ReplaceAll(m.Logger()+"."+field.String(), "::", ".")
	key = regexp.MustCompile(`[^a-zA-Z0-9_./%-]`).ReplaceAllString(key, "_")
	key = strings.Trim(regexp.MustCompile(`\.+`).ReplaceAllString(key, "."), ".")
	return strings.ReplaceAll(strings.ReplaceAll(key, "/", "-"), "%", ""), false
}

// statCount returns what a counter adds at statsd, 0 for anything else.
func statCount(m *envelope.Message) float64 {
	if m.Type() != envelope.TypeCounter {
		return 0
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(m.Payload()), 64)
	if err != nil {
		return 0
	}
	field, _ := m.Field("rate")
	if rate, err := strconv.ParseFloat(field.String(), 64); err == nil && rate > 0 && rate < 1 {
		n /= rate
	}
	return n
}
