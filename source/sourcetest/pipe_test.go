package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/intake"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// A pipe is a source of frames from a channel. It keeps the contract, but for its fault.
type pipe struct {
	intake intake.Intake
	frames chan string
	drain  time.Duration
	fault  fault

	mu   sync.Mutex
	lent []envelope.Message // the batch that a Send has now, for overwritesBatch
	held []string           // for readsAhead
	seen int                // frames
}

// A fault is what a broken pipe does wrong.
type fault string

const (
	none            fault = ""
	loses           fault = "loses a frame now and then"
	offersTwice     fault = "offers a batch twice"
	retries         fault = "offers refused messages again"
	rewrites        fault = "writes the envelope anew"
	reusesMemory    fault = "reuses the memory of frames"
	overwritesBatch fault = "reuses the batch while it is lent"
	firstOnly       fault = "takes the first envelope of a frame"
	skipsRest       fault = "drops what follows a bad envelope"
	noMeta          fault = "sets no Meta"
	sameID          fault = "gives every message the same ID"
	ownDecoder      fault = "ignores Options.Decoder"
	takesNil        fault = "takes a typed-nil dead letter"
	noDrain         fault = "ends without draining"
	deadDrain       fault = "drains under the context that has ended"
	endlessDrain    fault = "drains under a context that never ends"
	returnsErr      fault = "returns ctx's error"
	hangs           fault = "does not end"
	leaks           fault = "leaves a goroutine"
	stopsAtRefused  fault = "stops at the first refused message"
	stopsAtBad      fault = "stops at the first bad frame"
	skipsLetters    fault = "sends no dead letters"
	lettersAll      fault = "takes a failure in part for one of the whole batch"
	plainLetters    fault = "sends the message itself to the dead letter"
	miscounts       fault = "counts refused messages as done"
	unbalanced      fault = "does not count refused messages"
	nameless        fault = "has no name in its account"
	readsAhead      fault = "reads on while Send blocks"
)

func pipes(f fault) Harness {
	return Harness{New: func(t testing.TB, o Options) (Subject, error) {
		if f != takesNil && o.DeadLetter != nil && isnil.Is(o.DeadLetter) {
			return Subject{}, errors.New("pipe: nil DeadLetter")
		}
		if o.Decoder != nil && isnil.Is(o.Decoder) {
			return Subject{}, errors.New("pipe: nil Decoder")
		}
		p := &pipe{frames: make(chan string, 64), drain: o.DrainTimeout, fault: f}
		p.intake = intake.Intake{Name: "pipe", Decoder: o.Decoder, DeadLetter: o.DeadLetter}
		if o.Decoder == nil || f == ownDecoder {
			p.intake.Decoder = &envelope.Parser{}
		}
		if p.drain == 0 {
			p.drain = 5 * time.Second
		}
		if f == skipsLetters {
			p.intake.DeadLetter = nil
		}
		if f == nameless {
			p.intake.Name = ""
		}
		return Subject{Source: p, Feed: p.feed}, nil
	}}
}

func (p *pipe) Account() sink.Account {
	a := p.intake.Account()
	switch p.fault {
	case miscounts:
		a.Done += a.Dropped["refused"]
		delete(a.Dropped, "refused")
	case unbalanced:
		delete(a.Dropped, "refused")
	}
	return a
}

func (p *pipe) feed(frames ...string) error {
	if p.fault == overwritesBatch {
		p.mu.Lock()
		for i := range p.lent {
			p.lent[i] = envelope.Message{}
		}
		p.mu.Unlock()
	}
	for _, frame := range frames {
		p.frames <- frame
	}
	return nil
}

func (p *pipe) Run(ctx context.Context, to sink.Sink) error {
	drain, stop := intake.Draining(ctx, p.drain)
	defer stop()
	switch p.fault {
	case deadDrain:
		drain = ctx
	case endlessDrain:
		drain = context.WithoutCancel(ctx)
	case leaks:
		go func() { time.Sleep(time.Second) }()
	case hangs:
		defer func() { time.Sleep(time.Second) }()
	case readsAhead:
		go p.readAhead(ctx)
	}
	to = &faulty{to, p}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case frame := <-p.frames:
			if !p.take(frame) {
				return nil
			}
			p.intake.Offer(drain, to)
			if p.fault == stopsAtRefused && p.intake.Account().Dropped["refused"] > 0 {
				return errors.New("refused")
			}
		}
	}
	for p.fault != noDrain && len(p.frames) > 0 {
		p.take(<-p.frames)
	}
	p.intake.Offer(drain, to)
	if p.fault == returnsErr {
		return ctx.Err()
	}
	return nil
}

func (p *pipe) readAhead(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-p.frames:
			p.mu.Lock()
			p.held = append(p.held, string([]byte(frame)))
			p.mu.Unlock()
		}
	}
}

// take decodes one frame and reports whether the pipe goes on.
func (p *pipe) take(frame string) bool {
	p.seen++
	meta := envelope.Meta{Received: time.Now(), Origin: fmt.Sprintf("pipe://%p", p), ID: envelope.NewID()}
	switch p.fault {
	case loses:
		if p.seen%10 == 0 {
			return true
		}
	case noMeta:
		meta.Received, meta.Origin = time.Time{}, ""
	case sameID:
		meta.ID = envelope.ID{}
	case reusesMemory:
		frame = strings.Clone(frame)
	case firstOnly, skipsRest, stopsAtBad, rewrites:
		return p.takeBadly(frame, meta)
	}
	p.intake.Frame(frame, len(frame), meta)
	return true
}

// takeBadly is take for the faults that are about decoding.
func (p *pipe) takeBadly(frame string, meta envelope.Meta) bool {
	batch, err := p.intake.Decoder.AppendParse(nil, frame, len(frame), meta)
	switch {
	case err != nil && p.fault == stopsAtBad:
		return false
	case err != nil:
		p.intake.Fault(frame, meta.Origin, err)
	}
	for i := range batch {
		text := batch[i].JSON()
		if p.fault == rewrites {
			text = `{"v":1,` + text[1:]
		}
		p.intake.Frame(text, len(text), meta)
		meta.ID = meta.ID.Next()
		if p.fault == firstOnly {
			break
		}
	}
	return true
}

// A faulty is the sink of a pipe whose fault is about offering.
type faulty struct {
	next sink.Sink
	pipe *pipe
}

func (f *faulty) Send(ctx context.Context, batch []envelope.Message) error {
	p := f.pipe
	switch p.fault {
	case overwritesBatch:
		p.mu.Lock()
		p.lent = batch
		p.mu.Unlock()
		defer func() { p.mu.Lock(); p.lent = nil; p.mu.Unlock() }()
	case offersTwice:
		_ = f.next.Send(ctx, batch)
	}
	err := f.next.Send(ctx, batch)
	switch {
	case p.fault == reusesMemory:
		for i := range batch {
			text := batch[i].JSON()
			clear(unsafe.Slice(unsafe.StringData(text), len(text)))
		}
	case err == nil:
	case p.fault == retries:
		return f.next.Send(ctx, batch)
	case p.fault == lettersAll:
		return errRefused
	case p.fault == plainLetters:
		for i, e := range sink.Failures(err, len(batch)) {
			_ = p.intake.DeadLetter.Send(ctx, batch[i:i+1])
			p.intake.Drop(1, "deadletter", e)
		}
		return nil
	}
	return err
}

// accountless hides the account of a source.
type accountless struct{ source.Source }
