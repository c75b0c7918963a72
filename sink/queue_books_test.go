package sink_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// whim is a sink that takes, refuses, delays and panics as it likes.
type whim struct {
	mu    sync.Mutex
	rand  *rand.Rand
	got   map[string]int // by ID of the message, or of the one a dead letter stands for
	calls int
}

func newWhim(seed uint64) *whim {
	return &whim{rand: rand.New(rand.NewPCG(seed, seed)), got: map[string]int{}}
}

func (w *whim) Send(ctx context.Context, batch []envelope.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	what := w.rand.IntN(20)
	w.mu.Unlock()
	if what > 12 {
		time.Sleep(time.Duration(what) * time.Millisecond)
	}
	w.mu.Lock()
	switch what {
	case 0:
		return errA
	case 1:
		return sink.RetryAfter(errA, 3*sec)
	case 2:
		panic("a whim")
	case 3:
		return sink.ErrClosed
	case 4:
		return sink.Permanent(errB)
	}
	var failed []sink.Failure
	for i := range batch {
		switch m := &batch[i]; w.rand.IntN(30) {
		case 0:
			failed = append(failed, sink.Failure{Index: i, Err: bad})
		case 1, 2:
			failed = append(failed, sink.Failure{Index: i, Err: errA})
		default:
			id := m.Meta().ID.String()
			if m.Type() == envelope.TypeDeadLetter {
				field, _ := m.Field("id")
				id = field.String()
			}
			w.got[id]++
		}
	}
	if failed != nil {
		return &sink.BatchError{Failed: failed}
	}
	return nil
}

func (w *whim) total() (n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.got {
		n += uint64(times)
	}
	return n
}

// Whatever next and the dead letter do, at every moment the account adds up, and at the end every message is where the
// account says, once.
func TestTheBooksBalanceWhateverHappens(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { bookkeeping(t, seed) })
		})
	}
}

func bookkeeping(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	next, letters := newWhim(seed), newWhim(seed+1)
	o := sink.QueueOptions{
		MaxMessages: 1 + r.IntN(60), MaxBytes: 1000 + r.IntN(20_000), Full: sink.Full(r.IntN(5)),
		BatchMessages: 1 + r.IntN(20), BatchAge: time.Duration(r.IntN(2)) * 50 * time.Millisecond,
		Backoff: sink.Backoff{Min: 10 * time.Millisecond, Max: sec},
		GiveUp:  sink.GiveUp{Attempts: r.IntN(6), Age: time.Duration(r.IntN(3)) * 2 * sec},
	}
	if r.IntN(3) > 0 || o.Full == sink.Overflow {
		o.DeadLetter = letters
	}
	q := queue(t, next, &o)
	stop := make(chan struct{})
	var sampler, senders sync.WaitGroup
	sampler.Go(func() {
		for {
			if a := account(t, q); o.Full != sink.Block && a.Held > 100 {
				t.Errorf("it holds %d messages, of %d at most", a.Held, o.MaxMessages)
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var mu sync.Mutex
	var offered, refused uint64
	for sender := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, sender))
		senders.Go(func() {
			for range 60 {
				batch := numbered(t, 1+r.IntN(20))
				for i := range batch {
					if r.IntN(4) == 0 {
						batch[i] = severe(t, envelope.Critical, "!")
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(100))*time.Millisecond)
				err := q.Send(ctx, batch)
				cancel()
				mu.Lock()
				offered += uint64(len(batch))
				refused += uint64(len(failures(err, len(batch))))
				mu.Unlock()
				time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
			}
		})
	}
	if r.IntN(2) == 0 {
		senders.Wait()
	} else {
		time.Sleep(sec / 2)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(10))*sec)
	defer cancel()
	err := q.Shutdown(ctx)
	senders.Wait()
	close(stop)
	sampler.Wait()
	a := account(t, q)
	if a.Held != 0 || a.HeldBytes != 0 || a.Offered != offered || a.Refused != refused {
		t.Errorf("%d were offered and %d refused; the account is %+v", offered, refused, a)
	}
	if left := leftBy(err); left.Messages != a.Dropped["shutdown"] {
		t.Errorf("Shutdown says %v, the account %+v", err, a)
	}
	if a.Done != next.total() || a.Dropped["deadletter"] != letters.total() {
		t.Errorf("next has %d, the dead letter %d; the account is %+v", next.total(), letters.total(), a)
	}
	for id, times := range next.got {
		if times+letters.got[id] != 1 {
			t.Errorf("message %s arrived %d times, and %d times as a letter", id, times, letters.got[id])
		}
	}
}
