package archivesink_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
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

// A directory that could not be synced is synced by the next try, though the file has its name by then, and one that was
// made for it is made again.
func TestDirectoriesAreSyncedInTheEnd(t *testing.T) {
	dir := t.TempDir()
	for name, there := range map[string]bool{"the file's": true, "its parent's": false} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(dir, name)
			synctest.Test(t, func(t *testing.T) {
				s := open(t, dir, &archivesink.Options{Compress: archivesink.Plain})
				send(t, s, messages(t, 0, 10)...)
				hour := filepath.Join(dir, "dt=2026-11-23", "hour=12")
				if there {
					if err := os.MkdirAll(hour, 0o750); err != nil {
						t.Fatal(err)
					}
				}
				restore := noFiles(t)
				time.Sleep(time.Hour) // many tries to seal
				err := s.Shutdown(t.Context())
				restore()
				if !errors.As(err, new(*sink.LeftError)) || !errors.Is(s.Account().LastError, syscall.EMFILE) {
					t.Errorf("nothing could be synced, and Shutdown returned %v, the last error is %v", err, s.Account().LastError)
				}
				if _, err := os.Stat(filepath.Dir(hour)); !there && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("what could not be synced: %v", err)
				}
				shutdown(t, open(t, dir, nil))
				expect(t, dir, payloads(0, 10))
			})
		})
	}
}

// noFiles makes every attempt to open a file fail until restore is called.
func noFiles(t *testing.T) (restore func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(limit syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	set(syscall.Rlimit{Cur: 0, Max: before.Max})
	return func() { set(before) }
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
