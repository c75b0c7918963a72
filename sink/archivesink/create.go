package archivesink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// segment returns the open segment of a partition, a new one if there is none.
func (s *Sink) segment(ctx context.Context, p partition, now time.Time) (*segment, error) {
	if g := s.current(p); g != nil {
		return g, nil
	}
	if err := s.slot(ctx); err != nil {
		return nil, err
	}
	s.creating.Lock()
	defer s.creating.Unlock()
	if g := s.current(p); g != nil { // another Send was first
		<-s.slots
		return g, nil
	}
	g, err := s.create(p, now)
	if err != nil {
		<-s.slots
		return nil, err
	}
	s.mu.Lock()
	if len(s.open) >= s.opts.MaxOpen {
		s.retireIdlest()
	}
	s.open[p] = g
	s.mu.Unlock()
	signal(s.wake) // it has a time to be sealed at
	return g, nil
}

func (s *Sink) current(p partition) *segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[p]
}

// slot waits until one more segment may be open. It does not wait for a sealer that cannot seal.
func (s *Sink) slot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	s.mu.Lock()
	stuck := s.stuck
	s.mu.Unlock()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-stuck:
		return errors.New("too many segments wait to be sealed, which fails")
	case <-s.closing:
		return sink.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retireIdlest makes room for one more open segment. The caller holds s.mu.
func (s *Sink) retireIdlest() {
	var idlest *segment
	for _, g := range s.open {
		if idlest == nil || g.last.Before(idlest.last) {
			idlest = g
		}
	}
	s.retire(idlest)
}

// create opens and locks a new segment. The caller holds s.creating.
func (s *Sink) create(p partition, now time.Time) (*segment, error) {
	if err := makeDirectory(s.openIn); err != nil {
		return nil, err
	}
	for {
		s.files++
		name := fmt.Sprintf("%s/part-%s-%06d%s", p.dir(s.opts.Partition.Column), s.id, s.files, s.opts.Compress.extension())
		path := filepath.Join(s.openIn, segmentName(name))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|os.O_APPEND, fileMode)
		if err != nil {
			return nil, err
		}
		err = lock(file, path)
		if err == nil && s.opts.Sync {
			err = syncDirectory(s.openIn)
		}
		if err == nil {
			return &segment{partition: p, name: name, path: path, file: file, created: now, last: now}, nil
		}
		err = errors.Join(err, file.Close())
		if !errors.Is(err, errLocked) {
			_ = os.Remove(path)
			return nil, err
		}
		// A router that starts took the empty file for one left over, and removes it.
	}
}
