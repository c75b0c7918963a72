package metlog_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// The program on the first screen of the README is the one in the package comment, and it compiles.
func TestFirstProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	program, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the README shows no program")
	}
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(comment), "//\t", ""), "//\n", "\n")
	if !strings.Contains(text, program) {
		t.Error("doc.go shows another program than the README")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What the README shows of a service compiles where a service has what it does not show.
func TestServiceInReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "## An instrumented service")
	_, rest, found := strings.Cut(rest, "```go\n")
	lines, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the README shows no service")
	}
	program := "package main\n\nimport (\n"
	for _, path := range []string{
		"context", "errors", "log/slog", "net/http", "time", "github.com/rs/zerolog", module + "middleware",
		module + "sink/zerologsink", module + "source/metlog", module + "source/zerologsource",
	} {
		program += "\t\"" + path + "\"\n"
	}
	program += ")\n\nfunc run(mux *http.ServeMux, server *http.Server) error {\n" + lines +
		"server.Handler = handler\nreturn err\n}\n\nfunc main() { _ = run(http.NewServeMux(), new(http.Server)) }\n"
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The rules and the message that the README shows are ones that the library reads.
func TestReadmeIsRead(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(readme), "# name: expression")
	rules, _, _ = strings.Cut("#"+rules, "```")
	sinks := map[string]sink.Sink{"statsd": sink.Discard, "cef": sink.Discard, "archive": sink.Discard}
	parsed, err := route.ParseRules(strings.NewReader(rules), sinks)
	if err != nil || len(parsed) < 4 {
		t.Errorf("%d rules: %v", len(parsed), err)
	}
	if _, err := route.New(parsed...); err != nil {
		t.Error(err)
	}
	_, message, _ := strings.Cut(string(readme), "```json\n")
	message, _, _ = strings.Cut(message, "```")
	if m, err := envelope.Parse([]byte(message)); err != nil || m.Type() != envelope.TypeTimer {
		t.Errorf("type %q, %v", m.Type(), err)
	}
}
