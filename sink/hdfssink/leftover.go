package hdfssink

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Temporary files stand in a directory of their own, which readers of the archive do not see, nor Hive's MSCK REPAIR.
const (
	tmpDir    = "_tmp"
	tmpPrefix = "_tmp-"
)

// An identity tells the temporary files of a Store from those of any other, on any host.
type identity struct {
	host    string
	process string // 16 hex digits
}

func newIdentity() identity {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	safe := []byte(host[:min(len(host), 64)])
	for i, c := range safe {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' {
			safe[i] = '-'
		}
	}
	id := envelope.NewID()
	return identity{host: string(safe), process: hex.EncodeToString(id[:8])}
}

var tmpForm = regexp.MustCompile(`^` + tmpPrefix + `(.*)-[0-9a-f]{16}-[0-9]{6,20}$`)

// isOurs reports whether a Store on this host gave this name.
func (i identity) isOurs(name string) bool {
	match := tmpForm.FindStringSubmatch(name)
	return match != nil && match[1] == i.host
}

func (s *Store) tmpDir() string { return path.Join(s.root, tmpDir) }

// tmpName returns a name that nobody has had.
func (s *Store) tmpName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
	return path.Join(s.tmpDir(), fmt.Sprintf("%s%s-%s-%06d", tmpPrefix, s.id.host, s.id.process, s.files))
}

// maxDead bounds the names remembered; sweep finds others.
const maxDead = 64

// giveUp remembers a temporary file that nobody writes any more.
func (s *Store) giveUp(tmp string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dead) < maxDead {
		s.dead = append(s.dead, tmp)
	}
}

// bury removes what was given up, at the first occasion.
func (s *Store) bury(c client) {
	s.mu.Lock()
	dead := s.dead
	s.dead = nil
	s.mu.Unlock()
	for len(dead) > 0 {
		if err := c.Remove(dead[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dead = dead[1:]
	}
	s.mu.Lock()
	s.dead = slices.Concat(s.dead, dead)
	s.mu.Unlock()
}

// sweep removes what routers of this host that were killed have left, by the namenode's clock. It fails in silence: the
// file that it comes after is safe.
func (s *Store) sweep(c client, now time.Time) {
	s.mu.Lock()
	due := now.Sub(s.swept) >= s.opts.Leftover/2
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	infos, err := c.ReadDir(s.tmpDir())
	if err != nil {
		return
	}
	for _, info := range infos {
		if !info.IsDir() && s.id.isOurs(info.Name()) && now.Sub(info.ModTime()) > s.opts.Leftover {
			if err := c.Remove(path.Join(s.tmpDir(), info.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return
			}
		}
	}
}
