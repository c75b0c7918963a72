package archivesink_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		opts archivesink.Options
	}{
		{"default", archivesink.Options{}},
		{"small segments", archivesink.Options{SealBytes: 500, Compress: archivesink.Plain}},
		{"synced, by type", archivesink.Options{Sync: true, MaxOpen: 1, Partition: byType}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dir string
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sink.Sink {
					dir = filepath.Join(t.TempDir(), "archive")
					s, err := archivesink.New(dir, &c.opts)
					if err != nil {
						t.Fatal(err)
					}
					return s
				},
				Received: func(t testing.TB) (lines []string) {
					for _, dir := range archives(t, dir) {
						lines = append(lines, archived(t, dir)...)
					}
					return lines
				},
				Fail:    func(t testing.TB, failing bool) { vanish(t, dir, failing) },
				Ordered: c.opts.SealBytes == 0,
			})
		})
	}
}

// vanish takes the directory away, and while failing lets nobody make it anew. The open segments are gone for good: what
// had been acknowledged there must be saved from the open files. The sealed files are aside, in dir.1, dir.2 ...
func vanish(t testing.TB, dir string, failing bool) {
	if !failing {
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	for { // the sealer makes directories and puts files into them meanwhile
		aside := dir + "." + strconv.Itoa(len(archives(t, dir)))
		for os.RemoveAll(filepath.Join(dir, "_open")) != nil {
		}
		if err := os.Rename(dir, aside); err != nil {
			t.Fatal(err)
		}
		if os.WriteFile(dir, nil, 0o600) == nil {
			return
		}
	}
}

// archives returns dir and the directories that vanish put aside.
func archives(t testing.TB, dir string) []string {
	all, err := filepath.Glob(dir + "*")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// archived returns all lines in dir, of sealed files and of open segments. A file that comes or goes meanwhile is seen at
// the next look.
func archived(t testing.TB, dir string) (lines []string) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil
	}
	names := files(t, dir, false)
	for _, name := range names {
		lines = append(lines, read(t, filepath.Join(dir, name))...)
	}
	for _, name := range files(t, dir, true) {
		segment, ok := strings.CutPrefix(name, "_open/dt=")
		sealed := "dt=" + strings.TrimSuffix(strings.ReplaceAll(segment, ",", "/"), ".open")
		if !ok || slices.Contains(names, sealed) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		whole := strings.Split(string(text), "\n")
		lines = append(lines, whole[:len(whole)-1]...)
	}
	return lines
}
