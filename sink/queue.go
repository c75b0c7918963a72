package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
)

// QueueOptions configure a [Queue]. The zero value, like nil, means the defaults.
type QueueOptions struct {
	MaxMessages   int           // most messages held; default 65,536
	MaxBytes      int           // most bytes held: each message's text and about 160 bytes; default 64 MiB
	Full          Full          // what Send does when there is no room; default Block
	BatchMessages int           // most messages in one Send of next; default 1,000
	BatchBytes    int           // most bytes of text in one Send of next, unless one message is longer; default 1 MiB
	BatchAge      time.Duration // how long the oldest message waits for a batch or half the queue to fill; default 0
	Backoff       Backoff       // waits between attempts
	GiveUp        GiveUp        // when a message that keeps failing is given up; default never
	DeadLetter    Sink          // what is given up goes here as metlog.deadletter; default nil: it is dropped
}

// A Queue holds messages in memory and sends them to another sink from a goroutine of its own, so that the sender does not
// wait for it. Send returning nil means queued: what is queued is lost when the process dies.
//
// What next does not take is sent again. A message whose error is permanent or [ErrClosed], or that is past GiveUp, goes to
// DeadLetter and is held until DeadLetter has taken it, while others go on; without a DeadLetter it is dropped and counted,
// as it is when DeadLetter refuses it for good. When next took a part of a batch, what failed is set aside and sent again
// by itself, while later messages go on; when it took nothing, the queue waits before it sends again, and then sends half
// as many, so that one message that makes every batch fail is found and set aside. A delay asked for with [RetryAfter] is
// kept. Messages leave in the order in which they came as long as nothing fails. A panic of next is one more error, not a
// permanent one.
//
// It holds clones: the bound in bytes is honest, and what it was given may be overwritten after Send: it is a [Borrower].
//
// Its account's Done is what next took. Dropped has, by name: "newest", "oldest" and "shed", as [Full] says; "deadletter",
// what DeadLetter took; "undeliverable", what DeadLetter refused for good; "permanent", "closed" and "gaveup", given up
// without a DeadLetter; "shutdown", what was left at the end.
type Queue struct {
	name    string
	next    Sink
	options QueueOptions
	epoch   time.Time // all times below are since then
	scratch selections

	wake    chan struct{}   // tells the worker to look again
	stopped chan struct{}   // closed when the worker has ended
	closed  context.Context // ends with Close
	close   context.CancelFunc
	sending context.Context // what next's Sends run under: ends with closed, or when Shutdown gives up
	abort   context.CancelFunc
	ending  chan struct{} // holds a token while one of several ends is under way

	mu      sync.Mutex
	state   state
	books   Account
	bytes   int // charged for everything held
	pending line
	work    line // what pending was when the worker last swapped them; its head is next's
	flight  flight
	aside   groups // failed and waiting to be sent again
	dying   groups // given up and waiting for DeadLetter
	air     []*group
	waiters []*waiter

	burying bool          // the worker has a group of dying given to DeadLetter
	asleep  bool          // the worker waits and has not been woken
	asided  bool          // the last flight was a group of aside
	blocked time.Duration // no Send of next before then
	waits   waits         // of blocked
	down    bool          // the last flight from work failed whole
	limit   int           // most messages in the next flight: BatchMessages, less when whole batches fail
	alone   int           // how often in a row a flight of one message failed
	tried   time.Duration // when the last flight from work failed
	last    time.Duration // from then on next is sent nothing, however long the end takes
	left    *LeftError
}

type state int

const (
	open     state = iota
	draining       // takes nothing more, sends what it holds
	leaving        // the worker ends as soon as it can
	ended          // everything is accounted for
)

// NewQueue returns a queue before next and starts its goroutine, which ends with Shutdown or Close. An error names what is
// wrong: a nil next, a DeadLetter that is a nil pointer, a negative limit, an unknown Full, Overflow without a DeadLetter.
func NewQueue(next Sink, options *QueueOptions) (*Queue, error) {
	if isnil.Is(next) {
		return nil, errors.New("sink: NewQueue: nil next")
	}
	var o QueueOptions
	if options != nil {
		o = *options
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("sink: NewQueue: %w", err)
	}
	q := &Queue{
		name: leadsTo("queue", next), next: next, options: o, epoch: time.Now(),
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), ending: make(chan struct{}, 1),
		waits: o.Backoff.start(), limit: o.BatchMessages, last: forever,
	}
	q.closed, q.close = context.WithCancel(context.Background())
	q.sending, q.abort = context.WithCancel(q.closed)
	go q.run()
	return q, nil
}

func (o *QueueOptions) check() error {
	var errs []error
	size := func(name string, v *int, standard int) {
		if *v < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: %d", name, *v))
		} else if *v == 0 {
			*v = standard
		}
	}
	size("MaxMessages", &o.MaxMessages, 65_536)
	size("MaxBytes", &o.MaxBytes, 64<<20)
	size("BatchMessages", &o.BatchMessages, 1_000)
	size("BatchBytes", &o.BatchBytes, 1<<20)
	if o.BatchAge < 0 {
		errs = append(errs, fmt.Errorf("BatchAge is negative: %v", o.BatchAge))
	}
	if o.Full < Block || o.Full > ShedBySeverity {
		errs = append(errs, fmt.Errorf("unknown Full: %d", o.Full))
	}
	if o.DeadLetter != nil && isnil.Is(o.DeadLetter) {
		errs = append(errs, errors.New("DeadLetter holds a nil pointer"))
	}
	if o.Full == Overflow && o.DeadLetter == nil {
		errs = append(errs, errors.New("Full is Overflow, but there is no DeadLetter"))
	}
	errs = append(errs, o.Backoff.check(), o.GiveUp.check())
	return errors.Join(errs...)
}

// Send queues batch, or does what Full says when it does not fit. ctx bounds only the waiting for room.
func (q *Queue) Send(ctx context.Context, batch []envelope.Message) error {
	if len(batch) == 0 {
		return nil
	}
	scratch := q.scratch.get()
	defer q.scratch.put(scratch)
	kept, bytes := own(scratch, batch)
	q.mu.Lock()
	if q.state != open {
		defer q.mu.Unlock()
		return q.refuse(len(batch), ErrClosed)
	}
	if len(q.waiters) == 0 && q.fits(len(kept), bytes) {
		q.admit(kept, bytes)
		q.mu.Unlock()
		return nil
	}
	return q.full(ctx, kept, bytes) // unlocks
}

// admit takes a batch in. The caller holds mu.
func (q *Queue) admit(batch []envelope.Message, bytes int) {
	now := q.now()
	first := q.pending.len()+q.work.len() == 0
	q.pending.push(batch, bytes, note{accepted: now})
	q.bytes += bytes
	q.books.Offered += uint64(len(batch))
	if first || now >= q.blocked && q.ready(now) {
		q.nudge()
	}
}

// nudge wakes the worker if it sleeps. The caller holds mu.
func (q *Queue) nudge() {
	if q.asleep {
		q.asleep = false
		q.rouse()
	}
}

// refuse counts a batch that stays with the caller. The caller holds mu.
func (q *Queue) refuse(n int, err error) error {
	q.books.Offered += uint64(n)
	q.books.Refused += uint64(n)
	q.books.LastError = err
	return err
}

func (q *Queue) drop(n int, reason string) {
	if n == 0 {
		return
	}
	if q.books.Dropped == nil {
		q.books.Dropped = make(map[string]uint64)
	}
	q.books.Dropped[reason] += uint64(n)
}

func (q *Queue) now() time.Duration { return time.Since(q.epoch) }

// rouse wakes the worker, or keeps it from falling asleep.
func (q *Queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// held is the number of messages in the queue, those in the air included. The caller holds mu.
func (q *Queue) held() int {
	n := q.pending.len() + q.work.len() + len(q.flight.messages) + q.aside.messages + q.dying.messages
	for _, g := range q.air {
		n += g.len()
	}
	return n
}

// Account returns the queue's books.
func (q *Queue) Account() Account {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.books
	a.Name = q.name
	a.Held = uint64(q.held())
	a.HeldBytes = uint64(q.bytes)
	a.Dropped = maps.Clone(a.Dropped)
	return a
}

// Borrows returns true.
func (q *Queue) Borrows() bool { return true }

// Next returns the sink behind the queue, and its dead letter if there is one.
func (q *Queue) Next() []Sink {
	if q.options.DeadLetter == nil {
		return []Sink{q.next}
	}
	return []Sink{q.next, q.options.DeadLetter}
}
