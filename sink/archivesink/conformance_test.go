package archivesink_test

import (
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
		{"synced, by logger", archivesink.Options{Sync: true, MaxOpen: 1, Partition: byType}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var dir string
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sink.Sink {
					dir = t.TempDir()
					s, err := archivesink.New(dir, &c.opts)
					if err != nil {
						t.Fatal(err)
					}
					return s
				},
				Received: func(t testing.TB) []string { return archived(t, dir) },
				Fail:     refuseWrites,
				Ordered:  c.opts.SealBytes == 0,
			})
		})
	}
}

// refuseWrites has the kernel refuse every byte to every file of this process, as a full disk would.
func refuseWrites(t testing.TB, failing bool) {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if failing {
		limit.Cur = 0
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// archived returns all lines in dir, of sealed files and of open segments. A file that comes or goes meanwhile is seen at
// the next look.
func archived(t testing.TB, dir string) (lines []string) {
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
