package archivesink

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Sink is an archive in a directory. It keeps no message after Send ([sink.Borrower]).
type Sink struct {
	opts   Options
	name   string // of the account
	dir    string // absolute
	openIn string // dir/_open
	id     string // HOST-ID of the files
	count  sink.Counters
	usage  usage

	ctx      context.Context // of sealing and shipping: ends when they give up
	giveUp   context.CancelFunc
	closing  chan struct{} // closed: no more Sends
	drain    chan struct{} // closed: and none under way
	wake     chan struct{} // the sealer, one token
	wakeShip chan struct{} // the shipper, one token
	sealed   chan struct{} // closed: the sealer has ended
	shipped  chan struct{} // closed: the shipper has ended
	slots    chan struct{} // a token for every segment that is open or waits to be sealed
	creating sync.Mutex    // held while a segment is created
	files    uint64        // segments created; guarded by creating
	finish   func() error
	scratch  sync.Pool

	mu      sync.Mutex
	closed  bool
	sends   sync.WaitGroup
	open    map[partition]*segment
	waiting []*segment    // to be sealed
	failing bool          // the last sealing failed
	stuck   chan struct{} // closed while failing
	values  values
}

// New opens the archive in dir, which is created if need be, and starts to seal in the background what an earlier run left
// there. A directory that cannot be written to is an error.
func New(dir string, opts *Options) (*Sink, error) {
	o, err := opts.withDefaults()
	if dir == "" {
		err = errors.Join(errors.New("archivesink: dir is empty"), err)
	}
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("archivesink: %w", err)
	}
	s := &Sink{
		opts: o, name: "archive " + filepath.Clean(dir), dir: absolute, openIn: filepath.Join(absolute, "_open"), id: newID(),
		usage:   usage{max: o.MaxBytes},
		closing: make(chan struct{}), drain: make(chan struct{}), sealed: make(chan struct{}), shipped: make(chan struct{}),
		wake: make(chan struct{}, 1), wakeShip: make(chan struct{}, 1), slots: make(chan struct{}, 2*o.MaxOpen),
		open: make(map[partition]*segment), stuck: make(chan struct{}), values: values{max: o.Partition.MaxValues},
	}
	if err := s.tryDirectory(); err != nil {
		return nil, fmt.Errorf("archivesink: %w", err)
	}
	s.usage.measure(s.dir)
	s.scratch.New = func() any { return new(scratch) }
	s.finish = sync.OnceValue(s.left)
	s.ctx, s.giveUp = context.WithCancel(context.Background())
	go s.sealer()
	if o.Ship == nil {
		close(s.shipped)
	} else {
		go s.shipper()
	}
	return s, nil
}

// newID returns what tells this Sink's files from those of any other, on any host.
func newID() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	safe := []byte(host[:min(len(host), 40)])
	for i, c := range safe {
		if !isPlain(c) {
			safe[i] = '-'
		}
	}
	id := envelope.NewID()
	return string(safe) + "-" + hex.EncodeToString(id[:8])
}

// tryDirectory finds a wrong directory before any message does.
func (s *Sink) tryDirectory() error {
	if err := makeDirectory(s.openIn); err != nil {
		return err
	}
	probe, err := os.CreateTemp(s.openIn, tmpPrefix+"probe-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(probe.Name()) }()
	err = lock(probe, probe.Name())
	if errors.Is(err, errLocked) { // another router that starts has cleaned it away
		err = nil
	}
	return errors.Join(err, probe.Close())
}

// Send writes each message as one line. Its ctx bounds the wait for the sealer, which only a Send that needs a new segment
// can come to.
//
// A failed write, a directory that cannot be made anew and a full one ([Options].MaxBytes) are temporary errors; the zero
// Message is a permanent one. A partition's messages of one batch fail together.
func (s *Sink) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	if !s.enter() {
		return s.count.Sent(len(batch), sink.ErrClosed)
	}
	defer s.sends.Done()
	now := time.Now()
	b := s.scratch.Get().(*scratch)
	defer s.scratch.Put(b)
	defer b.reset()
	b.sort(batch, now, s)
	for i := range b.groups {
		g := &b.groups[i]
		b.render(batch, i)
		g.err = s.write(ctx, g.partition, b.lines, g.messages, now)
	}
	return s.count.Sent(len(batch), b.result())
}

// Borrows reports true: no message is kept after Send.
func (s *Sink) Borrows() bool { return true }

// Account returns the account, named "archive DIR". A message in a segment is Done; LastError is also that of sealing and
// shipping, which are tried again.
func (s *Sink) Account() sink.Account { return s.count.Account(s.name) }

func (s *Sink) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sends.Add(1)
	}
	return !s.closed
}

func (s *Sink) admit(value string, hour int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values.admit(value, hour)
}

// maxAttempts bounds how often what was there a moment ago may be gone: the segment of a Send, the directory of a file.
const maxAttempts = 100

// write appends lines to the partition's segment.
func (s *Sink) write(ctx context.Context, p partition, lines []byte, messages int, now time.Time) error {
	if err := s.usage.reserve(len(lines)); err != nil {
		signal(s.wake) // to count again
		return fmt.Errorf("%s: %w", s.name, err)
	}
	for attempt := 0; ; attempt++ {
		g, err := s.segment(ctx, p, now)
		if err == nil {
			err = g.append(lines, messages, s.opts.Sync)
			s.wrote(g, now)
		}
		if errors.Is(err, errMoved) && attempt < maxAttempts {
			continue
		}
		if err != nil {
			s.usage.add(-int64(len(lines)))
		}
		return err
	}
}

// wrote notes the time and gives the segment to the sealer if it takes no more.
func (s *Sink) wrote(g *segment, now time.Time) {
	g.mu.Lock()
	done := g.retired || g.size >= s.opts.SealBytes
	g.mu.Unlock()
	s.mu.Lock()
	g.last = now
	if done {
		s.retire(g)
	}
	s.mu.Unlock()
	if done {
		signal(s.wake)
	}
}

// retire takes a segment out of use; the sealer finds it in waiting. The caller holds s.mu.
func (s *Sink) retire(g *segment) {
	if s.open[g.partition] == g {
		delete(s.open, g.partition)
		s.waiting = append(s.waiting, g)
	}
}

// signal leaves a token, if there is none, for the goroutine that waits on c.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
