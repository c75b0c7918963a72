package archivesink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// seal publishes a segment that takes no more lines, and removes it. After an error it may be called again, and does again
// what has not succeeded: the directories are synced before it is true that the segment is published, and gone.
func (s *Sink) seal(g *segment) error {
	g.retire()
	here, err := isAt(g.file, g.path)
	if err != nil {
		return err
	}
	if !here && !isUnlinked(g.file) && !s.isPublished(g) {
		s.count.Failed(fmt.Errorf("%s: someone moved %s: it is left where it is", s.name, g.path))
		return nil
	}
	if g.size > 0 {
		if err := s.publish(g); err != nil {
			return err
		}
	}
	if here {
		if err := ifThere(os.Remove(g.path)); err != nil {
			return err
		}
	}
	if err := ifThere(syncDirectory(s.openIn)); err != nil {
		return err
	}
	s.usage.add(-g.size)
	return nil
}

// publish makes the segment's lines stand under its name. A name that is there is the same segment, sealed by a process
// that was killed before it could remove it.
func (s *Sink) publish(g *segment) error {
	final := s.final(g)
	if !g.published {
		there, err := exists(final)
		if err != nil {
			return err
		}
		if !there {
			if err := s.rename(g, final); err != nil {
				return err
			}
		}
		g.published = true
	}
	return ifThere(syncDirectory(filepath.Dir(final)))
}

func (s *Sink) rename(g *segment, final string) error {
	if done, err := s.renamePlain(g, final); done || err != nil {
		return err
	}
	if err := makeDirectory(s.openIn); err != nil {
		return err
	}
	tmp := filepath.Join(s.openIn, tmpPrefix+segmentName(g.name))
	size, err := s.compress(tmp, g)
	if err == nil {
		err = moveInto(tmp, final)
	}
	if err != nil {
		return errors.Join(err, ifThere(os.Remove(tmp)))
	}
	s.usage.add(size)
	return nil
}

// final is where the segment is published.
func (s *Sink) final(g *segment) string { return filepath.Join(s.dir, filepath.FromSlash(g.name)) }

// isPublished reports whether the segment's own file stands under its name: renamePlain has put it there, and what was to
// follow failed.
func (s *Sink) isPublished(g *segment) bool {
	there, err := isAt(g.file, s.final(g))
	return err == nil && there
}

// renamePlain publishes the segment's own file, if that is what its name asks for, nothing but whole lines is in it and it
// can be synced. Otherwise it is to be copied.
func (s *Sink) renamePlain(g *segment, final string) (done bool, err error) {
	if c, _ := compressionOf(g.name); c != Plain {
		return false, nil
	}
	info, err := g.file.Stat()
	if err != nil || info.Size() != g.size || isUnlinked(g.file) || g.doubtful {
		return false, err
	}
	if g.file.Sync() != nil {
		g.doubtful = true
		return false, nil
	}
	if err := moveInto(g.path, final); err != nil {
		return false, err
	}
	s.usage.add(g.size)
	return true, nil
}

// moveInto renames, and makes the directory for it. Shipping, here or in another router, removes the directories that it
// finds empty, so that one may be gone again before the file is in it.
func moveInto(tmp, final string) (err error) {
	for range maxAttempts {
		if err = makeDirectory(filepath.Dir(final)); err == nil {
			err = os.Rename(tmp, final)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// compress writes the segment's lines to tmp, synced, in the form that the segment's name asks for.
func (s *Sink) compress(tmp string, g *segment) (size int64, err error) {
	file, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|syscall.O_NOFOLLOW, fileMode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w, err := newCompressor(file, g.name)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(w, &bounded{s.ctx, io.NewSectionReader(g.file, 0, g.size)})
	if err = errors.Join(err, w.Close()); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekCurrent)
}

func newCompressor(w io.Writer, name string) (io.WriteCloser, error) {
	switch c, _ := compressionOf(name); c {
	case Gzip:
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	}
	return unchanged{w}, nil
}

// unchanged is the compressor of Plain.
type unchanged struct{ io.Writer }

func (unchanged) Close() error { return nil }

// A bounded reader ends with its context.
type bounded struct {
	ctx context.Context
	r   io.Reader
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}
