package archivesink

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// errLocked means that a file is another's: of another router, or another Sink in this one.
var errLocked = errors.New("archivesink: the file is in use")

// lock takes flock(2)'s exclusive lock on a file that was opened by its path, and makes sure that this is still its path:
// whoever held the lock before may have removed it.
func lock(file *os.File, path string) error {
	err := retryInterrupted(func() error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) })
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	if err != nil {
		return &fs.PathError{Op: "flock", Path: path, Err: err}
	}
	same, err := isAt(file, path)
	if err == nil && !same {
		err = errLocked
	}
	return err
}

// isAt reports whether path names the open file.
func isAt(file *os.File, path string) (bool, error) {
	open, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(open, named), err
}

// isUnlinked reports whether an open file has no name any more.
func isUnlinked(file *os.File) bool {
	var stat syscall.Stat_t
	err := retryInterrupted(func() error { return syscall.Fstat(int(file.Fd()), &stat) })
	return err == nil && stat.Nlink == 0
}

func retryInterrupted(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
