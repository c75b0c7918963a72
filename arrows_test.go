package metlog_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/mozilla-services/metlog-go/"

// may says which packages of this module a package may import; a name that ends in / stands for everything below it.
var may = []struct {
	importer string
	imports  []string
}{
	{"envelope", nil},
	{"cef", nil},
	{"internal/certtest", nil}, // for tests only
	{"internal/isnil", nil},
	{"internal/jsonline", nil},
	{"internal/jsontext", nil},
	{"internal/secret", nil},
	{"internal/zmqsocket", nil},
	{"internal/bridgetest", []string{"envelope", "sink", "sink/", "source/metlog"}}, // for tests only
	{"internal/deadletter", []string{"envelope"}},
	{"internal/intake", []string{"envelope", "sink", "source", "internal/"}},
	{"sink", []string{"envelope", "internal/"}},
	{"sink/", []string{"cef", "envelope", "sink", "internal/"}},
	{"source", []string{"envelope", "sink", "internal/"}},
	{"source/zerologsource", []string{"envelope", "source/metlog", "internal/"}}, // bridges write through a client
	{"source/slogsource", []string{"envelope", "source/metlog", "internal/"}},
	{"source/metlog", []string{"cef", "envelope", "sink", "source", "internal/"}},
	{"source/", []string{"envelope", "sink", "source", "internal/"}},
	{"route", []string{"envelope", "sink", "internal/"}},
	{"middleware", []string{"cef", "source/metlog", "internal/"}},
	{"examples/", []string{"cef", "envelope", "sink", "source", "route", "sink/", "source/", "middleware"}},
}

func covers(pattern, name string) bool {
	return pattern == name || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern)
}

// Data moves left to right only: no package imports one above or beside it, and no leaf knows another.
func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		importer, ours := strings.CutPrefix(paths[0], module)
		if !ours {
			continue // the root, which has no code
		}
		packages++
		rule := -1
		for i, m := range may {
			if covers(m.importer, importer) {
				rule = i
				break
			}
		}
		if rule < 0 {
			t.Errorf("%s is not on the map", importer)
			continue
		}
		for _, path := range paths[1:] {
			imported, ours := strings.CutPrefix(path, module)
			allowed := !ours
			for _, pattern := range may[rule].imports {
				allowed = allowed || covers(pattern, imported)
			}
			if !allowed {
				t.Errorf("%s must not import %s", importer, imported)
			}
		}
	}
	if packages < 8 {
		t.Errorf("only %d packages seen", packages)
	}
}
