package archivesink_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

func TestLayout(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	batch := []envelope.Message{
		message(t, "a", "1", noon),
		message(t, "b", "2", noon.Add(time.Hour)),
		message(t, "a", "3", noon),
		message(t, "a", "4", time.Date(2026, 11, 24, 0, 30, 0, 0, time.FixedZone("CET", 3600))),
		message(t, "a", "5", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)),
	}
	send(t, s, batch...)
	if names := files(t, dir, false); names != nil {
		t.Errorf("readers see %v before anything is sealed", names)
	}
	for _, name := range files(t, dir, true) {
		if !strings.HasPrefix(name, "_open/") || regexp.MustCompile(`\.(jsonl|gz|zst)$`).MatchString(name) {
			t.Errorf("a glob may match the open segment %s", name)
		}
	}
	shutdown(t, s)
	if names := files(t, dir, true); names != nil {
		t.Errorf("left over: %v", names)
	}
	want := map[string][]int{
		"dt=2026-11-23/hour=12": {0, 2}, "dt=2026-11-23/hour=13": {1}, "dt=2026-11-23/hour=23": {3}, "dt=1969-12-31/hour=23": {4},
	}
	form := regexp.MustCompile(`^part-[A-Za-z0-9._-]+-[0-9a-f]{16}-[0-9]{6}\.jsonl\.gz$`)
	for _, name := range files(t, dir, false) {
		partition, file := filepath.Split(name)
		partition = strings.TrimSuffix(partition, "/")
		var lines []string
		for _, i := range want[partition] {
			lines = append(lines, batch[i].JSON())
		}
		if got := read(t, filepath.Join(dir, name)); !slices.Equal(got, lines) || !form.MatchString(file) {
			t.Errorf("%s holds %q, want %q byte for byte", name, got, lines)
		}
		delete(want, partition)
	}
	if len(want) > 0 {
		t.Errorf("no files for %v", want)
	}
}

func TestReceivedMissingIsNow(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	before := time.Now().UTC()
	send(t, s, message(t, "a", "1", time.Time{}))
	after := time.Now().UTC()
	shutdown(t, s)
	names := files(t, dir, false)
	layout := "dt=2006-01-02/hour=15/"
	if len(names) != 1 || !strings.HasPrefix(names[0], before.Format(layout)) && !strings.HasPrefix(names[0], after.Format(layout)) {
		t.Errorf("a message that was received at %v is in %v", before, names)
	}
}

func TestCompression(t *testing.T) {
	for _, c := range []struct {
		name        string
		compression archivesink.Compression
		extension   string
	}{
		{"gzip", archivesink.Gzip, ".jsonl.gz"},
		{"zstd", archivesink.Zstd, ".jsonl.zst"},
		{"plain", archivesink.Plain, ".jsonl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, &archivesink.Options{Compress: c.compression, Sync: true})
			for from := 0; from < 5000; from += 500 {
				send(t, s, messages(t, from, 500)...)
			}
			shutdown(t, s)
			names := files(t, dir, false)
			if len(names) != 1 || !strings.HasSuffix(names[0], c.extension) || strings.Count(names[0], ".jsonl") != 1 {
				t.Fatalf("files: %v", names)
			}
			if got := published(t, dir); !slices.Equal(got, payloads(0, 5000)) {
				t.Errorf("%d messages, or not in the order they were sent in", len(got))
			}
			info, err := os.Stat(filepath.Join(dir, names[0]))
			if err != nil || info.Mode().Perm()&^0o640 != 0 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			info, err = os.Stat(filepath.Dir(filepath.Join(dir, names[0])))
			if err != nil || info.Mode().Perm()&^0o750 != 0 {
				t.Errorf("directory mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestGunzip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	batch := messages(t, 0, 3)
	send(t, s, batch...)
	shutdown(t, s)
	out, err := exec.Command("gunzip", "-c", filepath.Join(dir, files(t, dir, false)[0])).Output()
	if want := batch[0].JSON() + "\n" + batch[1].JSON() + "\n" + batch[2].JSON() + "\n"; err != nil || string(out) != want {
		t.Errorf("gunzip wrote %q, %v", out, err)
	}
}

func TestZeroMessage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	err := s.Send(t.Context(), []envelope.Message{{}, message(t, "a", "1", noon), {}})
	var failed []int
	for i, e := range sink.Failures(err, 3) {
		failed = append(failed, i)
		if !sink.IsPermanent(e) {
			t.Errorf("message %d: %v is not permanent", i, e)
		}
	}
	if !slices.Equal(failed, []int{0, 2}) {
		t.Errorf("failed: %v", failed)
	}
	shutdown(t, s)
	expect(t, dir, []string{"1"})
	if a := s.Account(); a.Offered != 3 || a.Done != 1 || a.Refused != 2 || !a.Balanced() || a.Name != "archive "+dir {
		t.Errorf("account: %+v", a)
	}
}

func TestLifecycle(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if !s.Borrows() {
		t.Error("the archive does not borrow")
	}
	send(t, s, messages(t, 0, 10)...)
	shutdown(t, s)
	for range 2 {
		if err := errors.Join(s.Shutdown(t.Context()), s.Close()); err != nil {
			t.Errorf("again: %v", err)
		}
	}
	if err := s.Send(t.Context(), messages(t, 10, 1)); err != sink.ErrClosed {
		t.Errorf("Send after Shutdown: %v", err)
	}
	expect(t, dir, payloads(0, 10))
}

func TestCloseLeavesSegments(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*archivesink.Sink) error
	}{
		{"Close", (*archivesink.Sink).Close},
		{"Shutdown without time", func(s *archivesink.Sink) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return s.Shutdown(ctx)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, nil)
			batch := messages(t, 0, 10)
			size := 0
			for i := range batch {
				size += len(batch[i].JSON()) + 1
			}
			send(t, s, batch...)
			err := c.end(s)
			var left *sink.LeftError
			if errors.As(err, &left) {
				want := sink.LeftError{Name: "archive " + dir, Messages: 10, Bytes: uint64(size), Where: filepath.Join(dir, "_open")}
				if *left != want {
					t.Errorf("left %+v, want %+v", *left, want)
				}
				if again := s.Close(); again != err {
					t.Errorf("the second Close says %v", again)
				}
			} else if c.name == "Close" {
				t.Errorf("Close: %v", err)
			}
			if err := s.Send(t.Context(), batch); err != sink.ErrClosed {
				t.Errorf("Send: %v", err)
			}
			shutdown(t, open(t, dir, nil))
			expect(t, dir, payloads(0, 10))
		})
	}
}

func TestTwoRouters(t *testing.T) {
	dir := t.TempDir()
	routers := []*archivesink.Sink{
		open(t, dir, &archivesink.Options{SealBytes: 2000}),
		open(t, dir, &archivesink.Options{SealBytes: 3000, Compress: archivesink.Zstd}),
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for from := range 50 {
				if err := routers[i%2].Send(t.Context(), messages(t, i*500+from*10, 10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 { // others that start meanwhile leave their segments alone
		shutdown(t, open(t, dir, nil))
	}
	wg.Wait()
	shutdown(t, routers[0])
	shutdown(t, routers[1])
	expect(t, dir, payloads(0, 2000))
	if left := files(t, dir, true); left != nil {
		t.Errorf("left over: %v", left)
	}
}

func TestNew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	value := (*envelope.Message).Type
	for _, c := range []struct {
		name string
		dir  string
		opts archivesink.Options
		want string
	}{
		{"no directory", "", archivesink.Options{}, "dir is empty"},
		{"a file", file, archivesink.Options{}, "not a directory"},
		{"below a file", filepath.Join(file, "archive"), archivesink.Options{}, "not a directory"},
		{"compression", "x", archivesink.Options{Compress: 3}, "Options.Compress"},
		{"bytes", "x", archivesink.Options{SealBytes: -1}, "Options.SealBytes"},
		{"age", "x", archivesink.Options{SealAge: -1}, "Options.SealAge"},
		{"idle", "x", archivesink.Options{SealIdle: -1}, "Options.SealIdle"},
		{"open", "x", archivesink.Options{MaxOpen: -1}, "Options.MaxOpen"},
		{"max", "x", archivesink.Options{MaxBytes: -1}, "Options.MaxBytes"},
		{"typed nil", "x", archivesink.Options{Ship: (*store)(nil)}, "Options.Ship"},
		{"values", "x", archivesink.Options{Partition: archivesink.Partition{Column: "type", Value: value, MaxValues: -1}}, "Options.Partition.MaxValues"},
		{"no column", "x", archivesink.Options{Partition: archivesink.Partition{Value: value}}, "Options.Partition.Column"},
		{"no value", "x", archivesink.Options{Partition: archivesink.Partition{Column: "type"}}, "Options.Partition.Value"},
		{"column dt", "x", archivesink.Options{Partition: archivesink.Partition{Column: "dt", Value: value}}, "Options.Partition.Column"},
		{"column upper case", "x", archivesink.Options{Partition: archivesink.Partition{Column: "Dt", Value: value}}, "Options.Partition.Column"},
		{"column path", "x", archivesink.Options{Partition: archivesink.Partition{Column: "../x", Value: value}}, "Options.Partition.Column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := archivesink.New(c.dir, &c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
				t.Errorf("New: %v, want an error with %q", err, c.want)
			}
		})
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("wrong options created a directory")
	}
}
