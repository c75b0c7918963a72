package hdfssink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/internal/isnil"
)

// A Store is a directory of an HDFS cluster as the archive's store. It may be used by any number of archives and goroutines
// at once. Between calls of Put it holds no connection and no goroutine, so there is nothing to close.
type Store struct {
	namenodes []string
	root      string
	opts      Options
	id        identity
	connectTo func(context.Context) (client, error)

	mu    sync.Mutex
	begin int       // index of the namenode to begin with
	files uint64    // temporary names given
	dead  []string  // temporary names given up, still there
	swept time.Time // when leftovers were last looked for
}

// New returns a Store below the directory root, an absolute path without "..", which is made when the first file comes. The
// namenodes, HOST:PORT, are those of one cluster; standby ones are passed over. No connection is made yet.
func New(namenodes []string, root string, opts *Options) (*Store, error) {
	o, err := opts.withDefaults()
	clean, badRoot := checkRoot(root)
	if err := errors.Join(checkNamenodes(namenodes), badRoot, err); err != nil {
		return nil, err
	}
	s := &Store{namenodes: slices.Clone(namenodes), root: clean, opts: o, id: newIdentity()}
	s.connectTo = s.connect
	return s, nil
}

// maxAttempts is how often one Put tries to write: a namenode may name a datanode that it does not yet know to be dead.
const maxAttempts = 4

// Put writes the file under a temporary name, proves it whole and renames it to ROOT/name. A name that is there with that
// size is done; with another size it is an [fs.ErrExist]. When datanodes fail, it begins anew under another temporary name
// a few times, as long as Options.Timeout has not passed. A wrong name is a [*NameError]. Errors of permission are
// [fs.ErrPermission] and name user and path. Put returns as soon as ctx ends, but waits for an exchange with a KDC: up
// to 15 seconds for each that is silent, 5 by UDP and 10 by TCP.
func (s *Store) Put(ctx context.Context, name string, file io.ReaderAt, size int64) error {
	final, err := s.finalPath(name)
	switch {
	case err != nil:
		return fmt.Errorf("hdfssink: %w", err)
	case file == nil || isnil.Is(file):
		return errors.New("hdfssink: file: nil")
	case size < 0:
		return fmt.Errorf("hdfssink: size: %d is negative", size)
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, final, file, size)
		if err == nil {
			return nil
		}
		var lost *writeError
		if !errors.As(err, &lost) || attempt == maxAttempts || time.Since(began) >= s.opts.Timeout || ctx.Err() != nil {
			return s.explain(err)
		}
	}
}

// attempt is one try with a client of its own, whose end releases the leases of what it leaves behind.
func (s *Store) attempt(ctx context.Context, final string, file io.ReaderAt, size int64) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Leftover/2, errSlow)
	defer cancel()
	defer func() { err = withContext(ctx, err) }()
	defer recovered(&err)
	c, err := s.connectTo(ctx)
	if err != nil {
		return err
	}
	defer func() { err = c.End(err) }()
	if done, err := isThere(c, final, size); done || err != nil {
		return err
	}
	for _, dir := range []string{path.Dir(final), s.tmpDir()} {
		if err := c.MkdirAll(dir, s.opts.DirMode); err != nil {
			return err
		}
	}
	s.bury(c)
	tmp := s.tmpName()
	written, err := s.write(ctx, c, tmp, file, size)
	if err != nil {
		s.giveUp(tmp)
		return fmt.Errorf("writing %s: %w", final, err)
	}
	done, err := isThere(c, final, size)
	if err == nil && !done {
		err = c.Rename(tmp, final)
	}
	if err != nil || done {
		s.giveUp(tmp)
		return err
	}
	s.sweep(c, written)
	return nil
}

// isThere reports whether a file stands under its name. A rename would replace it without a word.
func isThere(c client, final string, size int64) (bool, error) {
	info, err := c.Stat(final)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.IsDir() || info.Size() != size {
		return false, &fs.PathError{Op: "put", Path: final, Err: fmt.Errorf("%w, %v of %d bytes and not of %d",
			fs.ErrExist, info.Mode(), info.Size(), size)}
	}
	return true, nil
}
