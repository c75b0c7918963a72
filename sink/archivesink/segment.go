package archivesink

import (
	"errors"
	"os"
	"sync"
	"time"
)

// errMoved means that a segment takes no more lines: its partition needs another one.
var errMoved = errors.New("archivesink: the segment is sealed")

// A segment is an open file of plain lines, locked for as long as it is open.
type segment struct {
	partition partition
	name      string // what it will be published as
	path      string // of the open file
	created   time.Time

	mu       sync.Mutex // held while the file is written to
	file     *os.File
	size     int64 // bytes of whole, reported lines; what lies behind was cut or will be
	messages uint64
	retired  bool // takes no more lines
	doubtful bool // an fsync has failed; the next may succeed though what the kernel holds never reached the disk

	last      time.Time // of the last write; guarded by Sink.mu
	retry     retry     // of sealing; belongs to the sealer, as does published
	published bool      // NAME is there; only the segment is to be removed
}

// append writes whole lines with one write. When it fails nothing of them is left in the file, or the segment is retired
// at the size it had.
func (g *segment) append(lines []byte, messages int, sync bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.retired || isUnlinked(g.file) {
		g.retired = true
		return errMoved
	}
	_, err := g.file.Write(lines)
	if err == nil && sync {
		if err = g.file.Sync(); err != nil {
			g.retired, g.doubtful = true, true
		}
	}
	if err != nil {
		if cutErr := g.file.Truncate(g.size); cutErr != nil {
			g.retired = true
		}
		return err
	}
	g.size += int64(len(lines))
	g.messages += uint64(messages)
	return nil
}

// retire makes every later append fail, and waits for one under way.
func (g *segment) retire() {
	g.mu.Lock()
	g.retired = true
	g.mu.Unlock()
}
