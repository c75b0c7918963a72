package archivesink

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// recover seals every segment that nobody holds, as far as its last newline. One that cannot be sealed does not keep the
// others from it.
func (s *Sink) recover() error {
	entries, err := os.ReadDir(s.openIn)
	for _, entry := range entries {
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		name := entry.Name()
		if of, ok := strings.CutPrefix(name, tmpPrefix); ok {
			err = errors.Join(err, s.removeStale(of))
			continue
		}
		if strings.Contains(name, s.id) {
			continue // its own, which may not be locked yet
		}
		if published, ok := publishedName(name); ok && entry.Type().IsRegular() {
			err = errors.Join(err, s.recoverSegment(filepath.Join(s.openIn, name), published))
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	signal(s.wakeShip)
	return err
}

// removeStale removes the half of a sealed file whose segment is gone. While there is a segment, whoever seals it writes
// that file anew.
func (s *Sink) removeStale(segment string) error {
	there, err := exists(filepath.Join(s.openIn, segment))
	if err != nil || there {
		return err
	}
	return ifThere(os.Remove(filepath.Join(s.openIn, tmpPrefix+segment)))
}

func (s *Sink) recoverSegment(path, name string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := lock(file, path); err != nil {
		if errors.Is(err, errLocked) {
			return nil
		}
		return err
	}
	size, err := wholeLines(file)
	if err != nil {
		return err
	}
	return s.seal(&segment{name: name, path: path, file: file, size: size})
}

// wholeLines returns the number of bytes up to and with the last newline.
func wholeLines(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	block := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		start := max(0, end-int64(len(block)))
		b := block[:end-start]
		if _, err := file.ReadAt(b, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}
