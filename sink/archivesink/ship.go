package archivesink

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// A Store takes sealed files to another place, such as HDFS.
type Store interface {
	// Put stores a file of size bytes under name, a relative path with slashes, all or nothing: nobody there ever sees a
	// part of it. A name that is there with that size is done. nil means that the Store has it safe; the file is then
	// removed from the archive. Any error is tried again, after a second at first and a minute at most. It must return soon
	// after ctx has ended. file is for this call only. Put is called for one file at a time.
	Put(ctx context.Context, name string, file io.ReaderAt, size int64) error
}

// shipper is the goroutine that gives the Store what lies in the directory. It ends after the sealer, with one last try.
func (s *Sink) shipper() {
	defer close(s.shipped)
	again := retry{}
	after := "" // the name that failed last: the others come first
	for {
		failed, err := s.ship(after)
		if err == nil {
			again = retry{}
		} else {
			after = failed
			again.failed()
			s.failed("ship", err)
		}
		if !s.awaitShip(again.at) {
			break
		}
	}
	if _, err := s.ship(after); err != nil {
		s.failed("ship", err)
	}
}

// awaitShip waits for something to ship or, after a failure, until it is time to try again. It is false when the sealer has
// ended.
func (s *Sink) awaitShip(again time.Time) bool {
	wake := s.wakeShip
	if !again.IsZero() {
		wake = nil
	}
	due, stop := alarm(again)
	defer stop()
	select {
	case <-wake:
		return true
	case <-due:
		return true
	case <-s.sealed:
	case <-s.ctx.Done():
	}
	return false
}

// ship puts all that is sealed, beginning behind the name after, until the sink is given up. It stops at the first that
// fails and returns its name.
func (s *Sink) ship(after string) (failed string, err error) {
	var names []string
	walk(s.dir, func(name string, _ fs.DirEntry) {
		if isPublished(name) {
			names = append(names, name)
		}
	})
	slices.Sort(names)
	first, _ := slices.BinarySearch(names, after+"\x00")
	for _, name := range slices.Concat(names[first:], names[:first]) {
		if s.ctx.Err() != nil {
			break
		}
		if err := s.shipFile(name); err != nil {
			return name, err
		}
	}
	return "", nil
}

// shipFile puts one file and removes it. One that another router is shipping, or whose segment is still there, is left to
// whoever has it.
func (s *Sink) shipFile(name string) (err error) {
	sealed := filepath.Join(s.dir, filepath.FromSlash(name))
	file, err := os.OpenFile(sealed, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := lock(file, sealed); err != nil {
		if errors.Is(err, errLocked) {
			return nil
		}
		return err
	}
	if there, err := exists(filepath.Join(s.openIn, segmentName(name))); err != nil || there {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := s.opts.Ship.Put(s.ctx, name, file, info.Size()); err != nil {
		return err
	}
	if err := os.Remove(sealed); err != nil {
		return err
	}
	s.usage.add(-info.Size())
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if os.Remove(filepath.Join(s.dir, filepath.FromSlash(dir))) != nil {
			break // others are in it
		}
	}
	return nil
}
