//go:build cgo

package zmqsource

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	zmq "github.com/pebbe/zmq4"
)

// A borrower keeps no message but copies their texts, and refuses those of type "refused".
type borrower struct {
	mu    sync.Mutex
	taken []string
}

func (*borrower) Borrows() bool { return true }

func (b *borrower) Send(_ context.Context, batch []envelope.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var failed []sink.Failure
	for i := range batch {
		if batch[i].Type() == "refused" {
			failed = append(failed, sink.Failure{Index: i, Err: sink.Permanent(errors.New("not " + batch[i].Payload()))})
			continue
		}
		b.taken = append(b.taken, strings.Clone(batch[i].JSON()))
	}
	if failed != nil {
		return &sink.BatchError{Failed: failed}
	}
	return nil
}

func (b *borrower) has(n int) func() bool {
	return func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.taken) >= n
	}
}

// A source whose sink keeps nothing receives into the same memory again and again. Nothing of a batch may change before
// the sink has seen it, and nothing that outlives it, above all dead letters, may lie in that memory.
func TestSinkThatBorrows(t *testing.T) {
	address := ipc(t)
	dead := &keeper{}
	s, to := newSource(t, []string{address}, &Options{DeadLetter: dead, Linger: time.Millisecond}), &borrower{}
	end := run(t, s, to)
	client := peer(t, zmq.PUSH, address, false)
	var taken, letters []string
	for i := range 3000 {
		pad := strings.Repeat(string(rune('a'+i%26)), i%700)
		good := fmt.Sprintf(`{"type":"x","payload":"%d %s"}`, i, pad)
		send(t, client, good)
		taken = append(taken, good)
		switch i % 10 {
		case 3:
			refused := fmt.Sprintf(`{"type":"refused","payload":"%d %s"}`, i, pad)
			send(t, client, refused)
			letters = append(letters, refused)
		case 6:
			undecodable := fmt.Sprintf(`{"type":"cut off %d %s`, i, pad)
			send(t, client, undecodable)
			letters = append(letters, undecodable)
		}
	}
	eventually(t, "all messages are there", to.has(len(taken)))
	end()
	same(t, to.taken, taken)
	var got []string
	for i := range dead.messages {
		got = append(got, dead.messages[i].Payload())
	}
	same(t, got, letters)
	if a := s.Account(); a.Done != uint64(len(taken)) || a.Dropped["deadletter"] != uint64(len(letters)) {
		t.Errorf("account %+v", a)
	}
}
