package zmqsource

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/intake"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/internal/zmqsocket"
	"github.com/mozilla-services/metlog-go/sink"
)

// quiet is how long nothing must come for the input to count as drained. It is for what the kernel still has: libzmq's own
// thread needs a moment to fetch it.
const quiet = 10 * time.Millisecond

// maxBatch is how many messages are gathered before they are offered, though there are more frames.
const maxBatch = 4096

// forever makes Receive wait for the next frame.
const forever time.Duration = -1

// Run binds and connects the endpoints and offers what comes to to, until ctx ends. It then stops listening, offers what is
// there and still on its way, and returns nil; see the package's comment for how long that takes. Sends run under a context
// that ends DrainTimeout after ctx. The error is that of an endpoint that cannot be bound or connected, and names it, or of
// libzmq itself. Run may be called once.
func (s *Source) Run(ctx context.Context, to sink.Sink) error {
	if isnil.Is(to) {
		return errors.New("zmqsource: Run: nil sink")
	}
	if s.ran.Swap(true) {
		return errors.New("zmqsource: Run was called before")
	}
	if err := s.run(ctx, to); err != nil {
		return fmt.Errorf("zmqsource: %w", err)
	}
	return nil
}

func (s *Source) run(ctx context.Context, to sink.Sink) (err error) {
	settings := s.settings
	settings.Reuse = sink.Borrows(to)
	socket, err := zmqsocket.Open(settings)
	if err == nil {
		defer func() { err = errors.Join(err, socket.Close(0)) }()
		err = s.attach(socket)
	}
	if err != nil {
		s.fail = fmt.Errorf("zmqsource: %w", err)
	}
	close(s.attached)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, socket.Wake)
	defer stop()
	sends, cancel := intake.Draining(ctx, s.options.DrainTimeout)
	defer cancel()
	return s.receive(ctx, sends, socket, to)
}

// attach binds and connects every endpoint.
func (s *Source) attach(socket *zmqsocket.Socket) error {
	addresses := make([]string, len(s.endpoints))
	for i, e := range s.endpoints {
		address, err := socket.Attach(e)
		if err != nil {
			return err
		}
		addresses[i] = address
	}
	s.addresses = addresses
	return nil
}

// receive offers what comes until ctx has ended and either nothing comes any more or sends has ended as well.
func (s *Source) receive(ctx, sends context.Context, socket *zmqsocket.Socket, to sink.Sink) error {
	pace := pace{linger: s.options.Linger, highWater: s.options.HighWater}
	meta := envelope.Meta{Origin: s.origin, ID: envelope.NewID()}
	var frames []zmqsocket.Frame
	wait, linger := forever, time.Duration(0)
	for {
		if wait == forever && ctx.Err() != nil {
			socket.Unbind()
			wait, linger = quiet, 0
		}
		if sends.Err() != nil {
			return nil
		}
		var err error
		frames, err = socket.Receive(frames[:0], wait, linger)
		if len(frames) > 0 {
			now := time.Now()
			meta.Received = now
			for _, f := range frames {
				meta.ID = s.in.Frame(f.Text, f.Slab, meta)
				if s.in.Len() >= maxBatch {
					s.in.Offer(sends, to)
				}
			}
			s.in.Offer(sends, to)
			if wait == forever {
				linger = pace.next(now, len(frames))
			}
		}
		clear(frames)
		switch {
		case err != nil:
			return err
		case wait != forever && len(frames) == 0:
			return nil
		}
	}
}
