package archivesink

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	fileMode      = 0o640
	directoryMode = 0o750
)

// makeDirectory creates a directory and what is missing above it, and syncs every directory that got a new entry.
func makeDirectory(dir string) error {
	err := os.Mkdir(dir, directoryMode)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		if err = makeDirectory(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, directoryMode)
	}
	if errors.Is(err, fs.ErrExist) {
		info, statErr := os.Stat(dir)
		if statErr == nil && !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return statErr
	}
	if err != nil {
		return err
	}
	if err := syncDirectory(filepath.Dir(dir)); err != nil {
		return errors.Join(err, ifThere(os.Remove(dir))) // or the next try would find it and not sync
	}
	return nil
}

// syncDirectory makes the entries of a directory survive power loss.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// exists reports whether path is there, whatever it is.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ifThere is err, unless it says that a file is not there.
func ifThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
