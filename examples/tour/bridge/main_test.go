package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// The tour promises a whole bridge at a glance, every error checked.
func TestFitsTwentyFiveLines(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 25 {
		t.Errorf("main.go has %d lines", n)
	}
}

func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	main()
	files, err := filepath.Glob("metlog-archive/dt=*/hour=*/*.jsonl.gz")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, files %v", err, files)
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	m, err := envelope.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if fields, _ := m.Field(); m.Logger() != "shop" || m.Payload() != "v42 is out" || fields.JSON() != `{"hosts":3}` {
		t.Error(m.JSON())
	}
}
