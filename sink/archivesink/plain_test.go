package archivesink_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// Plain lines are published by a rename: a copy would cost the disk everything twice.
func TestPlainIsRenamed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &archivesink.Options{Compress: archivesink.Plain})
	send(t, s, messages(t, 0, 10)...)
	segment := stat(t, dir, true)
	shutdown(t, s)
	if !os.SameFile(segment, stat(t, dir, false)) {
		t.Error("the published file is another one than the segment")
	}
	expect(t, dir, payloads(0, 10))
}

// What stands behind the last whole line is not published.
func TestPlainWithTornTail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &archivesink.Options{Compress: archivesink.Plain})
	send(t, s, messages(t, 0, 10)...)
	_ = s.Close()
	segment := filepath.Join(dir, files(t, dir, true)[0])
	torn, err := os.OpenFile(segment, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := torn.WriteString(`{"type":"tor`); err != nil {
		t.Fatal(err)
	}
	if err := torn.Close(); err != nil {
		t.Fatal(err)
	}
	shutdown(t, open(t, dir, nil))
	expect(t, dir, payloads(0, 10))
}

func stat(t *testing.T, dir string, hidden bool) os.FileInfo {
	t.Helper()
	names := files(t, dir, hidden)
	if len(names) != 1 {
		t.Fatalf("files: %q", names)
	}
	info, err := os.Stat(filepath.Join(dir, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	return info
}
