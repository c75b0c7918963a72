package archivesink

import (
	"os"
	"path/filepath"
	"testing"
)

// A segment that could not be synced once is copied from then on: a later fsync that succeeds proves nothing.
func TestWhatCannotBeSyncedIsNotRenamed(t *testing.T) {
	unsyncable, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unsyncable.Close()
	defer pipe.Close()
	dir := t.TempDir()
	final := filepath.Join(dir, "part-1.jsonl")
	g := &segment{name: "dt=2026-11-23/hour=12/part-1.jsonl", path: filepath.Join(dir, "segment"), file: pipe}
	s := new(Sink)
	try := func() {
		t.Helper()
		if done, err := s.renamePlain(g, final); done || err != nil {
			t.Errorf("renamed: %v, %v", done, err)
		}
	}
	try()
	if g.file, err = os.Create(g.path); err != nil {
		t.Fatal(err)
	}
	defer g.file.Close()
	try()
	g.doubtful = false
	if done, err := s.renamePlain(g, final); !done || err != nil {
		t.Errorf("a sound one was not renamed: %v", err)
	}
}
