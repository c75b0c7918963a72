package cefsink

import "time"

// A keep is the pages of a connection, the oldest first. The last is written into.
type keep struct {
	pages []*page
	free  []*page
}

// last returns the page that is written into.
func (k *keep) last() *page { return k.pages[len(k.pages)-1] }

// page returns the last page, or a new one if that has no such room.
func (k *keep) page(room int) *page {
	if len(k.pages) > 0 && k.last().room() >= room {
		return k.last()
	}
	var p *page
	if n := len(k.free); n > 0 {
		p, k.free = k.free[n-1], k.free[:n-1]
	} else {
		p = newPage()
	}
	k.pages = append(k.pages, p)
	return p
}

// maxFree is how many pages are kept to be used again.
const maxFree = 4

// release lets the first n pages go.
func (k *keep) release(n int) {
	for _, p := range k.pages[:n] {
		if len(k.free) < maxFree {
			p.reset()
			k.free = append(k.free, p)
		}
	}
	rest := copy(k.pages, k.pages[n:])
	clear(k.pages[rest:])
	k.pages = k.pages[:rest]
}

// expire lets pages go that were written before cutoff, of whose records none must be written again or has not been yet.
func (k *keep) expire(cutoff time.Time) {
	n := 0
	for _, p := range k.pages {
		w := len(p.writes)
		if len(p.records) > 0 || w > 0 && (p.writes[w-1].at.IsZero() || !p.writes[w-1].at.Before(cutoff)) {
			break
		}
		n++
	}
	k.release(n)
}

// again notes that what was written since cutoff must be written again, and forgets the rest.
func (k *keep) again(cutoff time.Time) {
	for _, p := range k.pages {
		young := p.writes[:0]
		for _, w := range p.writes {
			if !w.at.Before(cutoff) || w.at.IsZero() {
				w.at = time.Time{}
				young = append(young, w)
			}
		}
		p.writes = young
	}
	k.expire(cutoff)
}

// waiting returns how many records must be written again, and their bytes.
func (k *keep) waiting() (records, bytes uint64) {
	for _, p := range k.pages {
		for _, w := range p.writes {
			if w.at.IsZero() {
				records += uint64(w.records)
				bytes += uint64(w.end - w.start)
			}
		}
	}
	return records, bytes
}

// forget forgets what must be written again.
func (k *keep) forget() {
	for _, p := range k.pages {
		p.writes = p.writes[:0]
	}
	k.expire(time.Time{})
}

// rewrite gives write what must be written again, page by page, until it fails.
func (k *keep) rewrite(write func(bytes []byte, records int) error) error {
	for _, p := range k.pages {
		records := 0
		for _, w := range p.writes {
			if w.at.IsZero() {
				records += w.records
			}
		}
		if records == 0 {
			continue
		}
		if err := write(p.buf[p.writes[0].start:p.start], records); err != nil {
			return err
		}
		now := time.Now()
		for i := range p.writes {
			p.writes[i].at = now
		}
	}
	return nil
}
