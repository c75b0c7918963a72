package integration

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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
	dead  bool   // one that statsd cannot take
}

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// goldenVectors returns every recorded envelope that fits a datagram, one envelope a frame.
func goldenVectors(t testing.TB) (vectors []vector) {
	t.Helper()
	files, err := filepath.Glob("../../envelope/testdata/golden/*/*.jsonl")
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
			m, err := envelope.Parse(recorded.Raw)
			if err != nil {
				continue // bytes of a connection, other encodings, several at once: envelope's own tests have them
			}
			v := vector{name: recorded.Name, frame: string(recorded.Raw), text: m.JSON()}
			switch m.Type() {
			case envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge:
				v.stat, v.dead = true, !decimal.MatchString(m.Payload())
			}
			vectors = append(vectors, v)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(path, err)
		}
	}
	if len(vectors) < 400 {
		t.Fatalf("only %d golden vectors", len(vectors))
	}
	return vectors
}

var statLine = regexp.MustCompile(`'?([^'{,\s]+)'?: (-?[0-9.e+-]+)`)

// counters returns statsd's counters but its own.
func (s *statsd) counters() map[string]string {
	all := make(map[string]string)
	for _, pair := range statLine.FindAllStringSubmatch(s.read("counters"), -1) {
		if !strings.HasPrefix(pair[1], "statsd.") {
			all[pair[1]] = pair[2]
		}
	}
	return all
}

// total returns one of statsd's own counters, such as statsd.metrics_received.
func (s *statsd) total(name string) string {
	for _, pair := range statLine.FindAllStringSubmatch(s.read("counters"), -1) {
		if pair[1] == name {
			return pair[2]
		}
	}
	return ""
}
