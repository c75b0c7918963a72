package hdfssink

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/colinmarc/hdfs/v2"
)

// chunkBytes is how much is read and written at a time: some packets of HDFS's 64 KiB.
const chunkBytes = 256 << 10

// A writeError is an attempt that failed after the file was created; the next one may be given other datanodes.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// lost returns what the library and the connections to datanodes say of a file; nil if both say that all is well.
func lost(c client, err error) error {
	broken := c.Broken()
	if err == nil {
		err = broken
	}
	switch {
	case broken != nil:
		return &writeError{fmt.Errorf("a datanode: %w", withCause(err, broken))}
	case err != nil:
		return &writeError{err}
	}
	return nil
}

// write makes the temporary file, whole and closed, and returns the namenode's time then.
func (s *Store) write(ctx context.Context, c client, tmp string, file io.ReaderAt, size int64) (time.Time, error) {
	f, err := c.Create(tmp)
	if err != nil {
		return time.Time{}, err
	}
	if err := send(ctx, c, f, file, size); err != nil {
		return time.Time{}, err
	}
	if err := lost(c, finish(ctx, f, s.opts.Timeout)); err != nil {
		return time.Time{}, err
	}
	info, err := c.Stat(tmp)
	if err != nil {
		return time.Time{}, err
	}
	if info.Size() != size {
		return time.Time{}, &writeError{&fs.PathError{Op: "write", Path: tmp,
			Err: fmt.Errorf("HDFS has %d bytes of %d", info.Size(), size)}}
	}
	return info.ModTime(), nil
}

// send copies the file.
func send(ctx context.Context, c client, to io.Writer, file io.ReaderAt, size int64) error {
	buf := make([]byte, min(size, chunkBytes))
	for at := int64(0); at < size; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := file.ReadAt(buf[:min(size-at, chunkBytes)], at)
		if at+int64(n) < size && err == io.EOF { //nolint:errorlint // as io.Reader has it
			err = io.ErrUnexpectedEOF
		}
		if n == 0 && err != nil {
			return fmt.Errorf("the sealed file, at %d of %d bytes: %w", at, size, err)
		}
		_, err = to.Write(buf[:n])
		if err := lost(c, err); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// finish closes a file until the namenode has seen it replicated. Only then may Close be called again: after any other
// error a second one would declare what Write took to be there, whether a datanode has it or not.
func finish(ctx context.Context, f io.Closer, limit time.Duration) error {
	end := time.Now().Add(limit)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := f.Close()
		if !hdfs.IsErrReplicating(err) || !time.Now().Before(end) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
