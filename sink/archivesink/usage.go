package archivesink

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A usage holds the directory to Options.MaxBytes. Without a bound it does nothing.
type usage struct {
	max int64

	mu      sync.Mutex
	bytes   int64
	changed int64 // the sum of all that was added, to tell what a count may have missed
	counted time.Time
	refused bool // since counted
}

// reserve adds n bytes, or says that there is no room for them.
func (u *usage) reserve(n int) error {
	if u.max == 0 {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bytes+int64(n) > u.max {
		u.refused = true
		return fmt.Errorf("full: %d of %d bytes", u.bytes, u.max)
	}
	u.bytes += int64(n)
	u.changed += int64(n)
	return nil
}

func (u *usage) add(n int64) {
	u.mu.Lock()
	u.bytes += n
	u.changed += n
	u.mu.Unlock()
}

// stale reports whether something was refused that a new count, at most one a second, might admit.
func (u *usage) stale() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused && time.Since(u.counted) >= time.Second
}

// measure counts anew what lies in the directory, since others write and remove files there too.
func (u *usage) measure(dir string) {
	if u.max == 0 {
		return
	}
	u.mu.Lock()
	before := u.changed
	u.mu.Unlock()
	var sum int64
	walk(dir, func(_ string, file fs.DirEntry) {
		if info, err := file.Info(); err == nil {
			sum += info.Size()
		}
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.bytes = sum + u.changed - before
	u.counted, u.refused = time.Now(), false
}

// walk visits every regular file that an archive may have written, by its relative path with slashes. What cannot be read
// is passed over: files come and go.
func walk(dir string, visit func(name string, file fs.DirEntry)) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		switch {
		case name == ".":
		case name != "_open" && !strings.HasPrefix(name, "_open/") && !strings.HasPrefix(name, "dt="):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type().IsRegular():
			visit(name, entry)
		}
		return nil
	})
}
