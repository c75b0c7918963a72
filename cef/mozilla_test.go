package cef_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

// golden returns what the Python package cef 0.5 wrote, by the name of the case.
func golden(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../envelope/testdata/golden/py-0.9.10/cef.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string]string{}
	for line := range strings.Lines(string(data)) {
		var c struct {
			Name string `json:"name"`
			Raw  []byte `json:"raw_b64"`
		}
		var m struct{ Payload string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(c.Raw, &m); err != nil {
			t.Fatal(err)
		}
		payloads[strings.TrimPrefix(c.Name, "cef-")] = m.Payload
	}
	if len(payloads) < 40 {
		t.Fatalf("%d cases", len(payloads))
	}
	return payloads
}

// Whatever the Python package wrote is read; written anew it is one line, which is read to the same values.
func TestMozilla(t *testing.T) {
	for name, payload := range golden(t) {
		t.Run(name, func(t *testing.T) {
			l, err := cef.Parse(payload)
			if err != nil {
				t.Fatal(err)
			}
			if date, host, ok := l.Stamp(); !ok || len(date) != 15 || host != "web3.shop.test" && name != "extras-override" {
				t.Errorf("stamp %q %q %v of %q", date, host, ok, l.Before)
			}
			line, err := l.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(string(line), "\r\n") {
				t.Errorf("more than one line: %q", line)
			}
			again, err := cef.Parse(string(line))
			if err != nil {
				t.Fatal(err)
			}
			if again.Before != "" {
				t.Errorf("before: %q", again.Before)
			}
			sameEvent(t, &again.Event, &l.Event)
		})
	}
}

// The values of the cases in which the Python package did not escape, or did by a rule of its own.
func TestMozillaValues(t *testing.T) {
	payloads := golden(t)
	tests := []struct {
		name                       string
		vendor, product, signature string
		severity                   int
		key                        cef.Key
		value                      string
	}{
		{"plain", "Acme", "shop", "bad login", 5, "cs1", "curl/7"},
		{"vendor-pipe", "Ac|me", `p\q`, "n", 3, "dhost", "shop.test"},
		{"extras-override-3", "V|V", "P", "n", 3, "vendor", "V|V"},
		{"signature-hostile", "Acme", "shop", "s|i\\g x", 3, "suser", "none"},
		{"name-newline", "Acme", "shop", "one  two", 3, "suser", "none"},
		{"name-backslash", "Acme", "shop", `a\b\`, 3, "suser", "none"},
		{"severity-range", "Acme", "shop", "x", 10, "suser", "none"},
		{"severity-text", "Acme", "shop", "x", 5, "suser", "none"},
		{"ua-hostile", "Acme", "shop", "n", 3, "cs1", "evil=1 \\ | \n cs2=x"},
		{"path-hostile", "Acme", "shop", "n", 3, "request", "/a b?x=1&y=%20"},
		{"host-hostile", "Acme", "shop", "n", 3, "dhost", `h=\|x y`},
		{"suser-hostile", "Acme", "shop", "n", 3, "suser", "u=s er|\\ x\ny"},
		{"xff-hostile", "Acme", "shop", "x", 1, "src", "1.2.3.4"},
		{"empty-environ", "Acme", "shop", "x", 0, "request", ""},
		{"empty-environ", "Acme", "shop", "x", 0, "src", "None"},
		{"extras-escape", "Acme", "shop", "n", 3, "msg", "a=b\\c|d\ne"},
		{"extras-illegal-key", "Acme", "shop", "n", 3, "suser", "none x|y=w bad"},
		{"extras-illegal-key", "Acme", "shop", "n", 3, "ok_key_1.2", "z"},
		{"unicode", "Acme", "shop", "näme ✓", 3, "cs1", "😀"},
	}
	for _, tt := range tests {
		l, err := cef.Parse(payloads[tt.name])
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if l.Vendor != tt.vendor || l.Product != tt.product || l.Signature != tt.signature || l.Severity != tt.severity {
			t.Errorf("%s: %q %q %q %d", tt.name, l.Vendor, l.Product, l.Signature, l.Severity)
		}
		if value, ok := l.Get(tt.key); !ok || value != tt.value {
			t.Errorf("%s: %s is %q", tt.name, tt.key, value)
		}
	}
}
