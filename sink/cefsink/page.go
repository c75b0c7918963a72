package cefsink

import (
	"slices"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// pageBytes is the size of the memory that records are written into.
const pageBytes = 256 << 10

// A page is records, one after another: those that were written to a connection, then those that were not yet.
type page struct {
	buf     []byte
	start   int // of what was not written yet
	records []record
	writes  []write
}

// A record is one that was not written yet.
type record struct {
	index int // of its message in the batch
	end   int // in buf
}

// A write is what was written at once.
type write struct {
	at         time.Time // zero: it must be written again
	start, end int       // in buf
	records    int
}

func newPage() *page { return &page{buf: make([]byte, 0, pageBytes)} }

func (p *page) reset() {
	p.buf, p.start, p.records, p.writes = p.buf[:0], 0, p.records[:0], p.writes[:0]
}

func (p *page) room() int { return cap(p.buf) - len(p.buf) }

// fill adds records for messages of batch, from first on, until the page is full. It returns the index of the next message,
// and adds to failed those that no record can be made of.
func (p *page) fill(e *encoder, batch []envelope.Message, first int, failed []sink.Failure) (int, []sink.Failure) {
	for i := first; i < len(batch); i++ {
		if p.room() < e.longest() {
			return i, failed
		}
		buf, err := e.within(p.buf, &batch[i])
		if err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: sink.Permanent(err)})
			continue
		}
		p.buf = buf
		p.records = append(p.records, record{i, len(buf)})
	}
	return len(batch), failed
}

// unwritten returns the records that were not written yet.
func (p *page) unwritten() []byte { return p.buf[p.start:] }

// done notes that they were.
func (p *page) done(at time.Time) {
	p.writes = append(p.writes, write{at, p.start, len(p.buf), len(p.records)})
	p.start, p.records = len(p.buf), p.records[:0]
}

// skip forgets the first n of them.
func (p *page) skip(n int) {
	p.start = p.records[n-1].end
	p.records = slices.Delete(p.records, 0, n)
}

// undo forgets them.
func (p *page) undo() { p.buf, p.records = p.buf[:p.start], p.records[:0] }
