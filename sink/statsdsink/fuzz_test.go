package statsdsink

import (
	"log/slog"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// FuzzLine holds what is sent, whatever a client says, to a reader of statsd's protocol written for this test.
func FuzzLine(f *testing.F) {
	for _, seed := range [][5]string{
		{"timer", "shop", "views.cart", "38", "1"},
		{"counter", "shop", "stock.held", "-2", "0.25"},
		{"gauge", "", "q", "-7.5", "1e-05"},
		{"gauge", "a::b", "x\ny:1|c", "+5", "often"},
		{"counter", "../..", "a#b;c=d,e f|@0.1", " 1e400 ", "0.5\n"},
		{"timer", "é", "☃\x00\xff\u2028.", "0x10", "-1"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	f.Fuzz(func(t *testing.T, typ, logger, name, payload, rate string) {
		m, err := envelope.Draft{Type: typ, Logger: logger, Payload: payload,
			Fields: []slog.Attr{slog.String("name", name), slog.String("rate", rate), slog.String("logger", rate)}}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		for prefix := PrefixLogger; prefix <= NoPrefix; prefix++ {
			if text, err := lineOf(&m, prefix); err == nil {
				read(t, typ, payload, rate, text)
			} else if len(err.Error()) > 1500 || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("error %q", err)
			}
		}
	})
}

var (
	nameForm  = regexp.MustCompile(`^[-A-Za-z0-9_./%]+$`)
	rateForm  = regexp.MustCompile(`^0\.[0-9]+$`)
	valueForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	kinds     = map[string]string{"timer": "ms", "counter": "c", "gauge": "g"}
)

// read fails the test unless text is what one message of type typ may become.
func read(t *testing.T, typ, payload, rate, text string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	if len(lines) == 2 && typ == "gauge" {
		name, _, _ := strings.Cut(lines[0], ":")
		if rest := strings.TrimPrefix(lines[0], name); rest != ":0|g" || !strings.HasPrefix(lines[1], name+":-") {
			t.Fatalf("a negative gauge became %q", lines)
		}
		lines = lines[1:]
	} else if strings.HasPrefix(text[strings.LastIndex(text, ":")+1:], "-") && typ == "gauge" {
		t.Fatalf("a negative gauge became %q", lines)
	}
	if len(lines) != 1 {
		t.Fatalf("one message became %q", lines)
	}
	name, rest, _ := strings.Cut(lines[0], ":")
	parts := strings.Split(rest, "|")
	if len(parts) < 2 || len(parts) > 3 || parts[1] != kinds[typ] {
		t.Fatalf("%q has the fields %q", lines[0], parts)
	}
	checkName(t, name)
	got, err := strconv.ParseFloat(parts[0], 64)
	want, wantErr := strconv.ParseFloat(strings.TrimSpace(payload), 64)
	if !valueForm.MatchString(parts[0]) || err != nil || wantErr != nil || got != want || math.IsInf(got, 0) || len(parts[0]) > maxDigits {
		t.Errorf("payload %q became %q", payload, parts[0])
	}
	sampled, err := strconv.ParseFloat(strings.TrimSpace(rate), 64)
	if len(parts) == 2 {
		return
	}
	at, ok := strings.CutPrefix(parts[2], "@")
	if out, outErr := strconv.ParseFloat(at, 64); !ok || err != nil || outErr != nil || out != sampled || !rateForm.MatchString(at) || out < 1e-6 || out >= 1 {
		t.Errorf("rate %q became %q", rate, parts[2])
	}
}

func checkName(t *testing.T, name string) {
	t.Helper()
	if len(name) > 1024 {
		t.Errorf("a name has %d bytes", len(name))
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" {
			t.Errorf("name %q has an empty part", name)
		}
	}
	if !nameForm.MatchString(name) {
		t.Errorf("name %q", name)
	}
}
