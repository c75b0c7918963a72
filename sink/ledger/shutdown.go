package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

// patience is how long after the deadline a part is waited for that has been told to end, each time.
const patience = 2 * time.Second

type (
	shutter interface{ Shutdown(context.Context) error }
	closer  interface{ Close() error }
)

// Shutdown ends every part when all that feed it have ended, and independent ones at once: by Shutdown(ctx), or by Close
// where there is only that; a part that has neither is passed over. A part that has not ended when ctx ends is closed. The
// error joins those of all parts, each [*sink.LeftError] among them as it is. A part that does not end even then costs a
// few seconds more, and the error names it. Later calls wait for the first and return the same.
func (l *Ledger) Shutdown(ctx context.Context) error {
	l.look()
	l.mu.Lock()
	if l.ending == nil {
		over := make(chan struct{})
		l.ending = over
		ends := plan(l.parts)
		l.mu.Unlock()
		l.end(ctx, ends)
		close(over)
		return l.left
	}
	over := l.ending
	l.mu.Unlock()
	<-over
	return l.left
}

func (l *Ledger) end(ctx context.Context, ends []*ending) {
	errs := make([]error, len(ends))
	for _, e := range ends {
		go e.run(ctx)
	}
	for i, e := range ends {
		<-e.done
		errs[i] = e.err
		var left *sink.LeftError
		e.part.kept = errors.As(e.err, &left) && left.Where != ""
	}
	l.left = errors.Join(errs...)
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// An ending is one part's end.
type ending struct {
	part  *part
	after []*ending // what feeds it
	done  chan struct{}
	err   error
}

// plan returns the endings of parts in their order, without the edges that would close a circle.
func plan(parts []*part) []*ending {
	ends := make([]*ending, len(parts))
	of := make(map[*part]*ending, len(parts))
	for i, p := range parts {
		ends[i] = &ending{part: p, done: make(chan struct{})}
		of[p] = ends[i]
	}
	const onPath, left = 1, 2
	state := make(map[*part]int, len(parts))
	var visit func(*part)
	visit = func(p *part) {
		state[p] = onPath
		for _, to := range p.feeds {
			if state[to] == onPath {
				continue
			}
			of[to].after = append(of[to].after, of[p])
			if state[to] == 0 {
				visit(to)
			}
		}
		state[p] = left
	}
	for _, p := range parts {
		if state[p] == 0 {
			visit(p)
		}
	}
	return ends
}

func (e *ending) run(ctx context.Context) {
	defer close(e.done)
	for _, before := range e.after {
		<-before.done
	}
	if err := e.stop(ctx); err != nil {
		e.err = err
		if a, _ := e.part.account(); !isLeft(err) && !strings.Contains(err.Error(), a.Name+": ") { // or it says whose it is
			e.err = fmt.Errorf("%s: %w", clean(a.Name), err)
		}
	}
}

var errHangs = errors.New("does not end")

// stop ends the part and returns what it said.
func (e *ending) stop(ctx context.Context) error {
	toShut, shuts := e.part.is.(shutter)
	toClose, closes := e.part.is.(closer)
	if !shuts && !closes {
		return nil
	}
	if !shuts || closes && ctx.Err() != nil {
		return within(ctx, toClose.Close)
	}
	err := within(ctx, func() error { return toShut.Shutdown(ctx) })
	if err == nil || ctx.Err() == nil || !closes {
		return err
	}
	closed := within(ctx, toClose.Close)
	switch {
	case errors.Is(err, errHangs), isLeft(closed) && !isLeft(err):
		return closed
	case closed == nil, isLeft(closed):
		return err
	}
	return errors.Join(err, closed)
}

// within calls f and waits for it as long as ctx lasts, and patience.
func within(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-result:
		return err
	case <-timer.C:
		return errHangs
	}
}

func isLeft(err error) bool {
	var left *sink.LeftError
	return errors.As(err, &left)
}
