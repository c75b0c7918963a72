package metlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A draft is where a message is encoded before it goes into a shard: a large one, or one whose values have methods,
// which may take their time or send messages themselves.
type draft struct {
	encoder *envelope.Encoder
	memory  []byte
	message envelope.Message
}

func (c *Client) draft(ctx context.Context, severity envelope.Severity, typ, payload string, attrs []slog.Attr) {
	d := c.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	d.keep(d.encoder.Append(d.memory[:0], &d.message, time.Now(), severity, typ, payload, attrs))
	c.keepDraft(ctx, d)
}

func (c *Client) draftShape(ctx context.Context, severity envelope.Severity, shape *envelope.Shape, payload string, vs []slog.Value) {
	d := c.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	b, err := d.encoder.AppendShape(d.memory[:0], &d.message, time.Now(), severity, shape, payload, vs)
	if err != nil {
		c.drop(large)
		return
	}
	d.keep(b)
	c.keepDraft(ctx, d)
}

func (c *Client) draftJSON(ctx context.Context, at time.Time, severity envelope.Severity, typ, payload string, fields []byte) error {
	if at.IsZero() {
		at = time.Now()
	}
	d := c.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	b, err := d.encoder.AppendJSON(d.memory[:0], &d.message, at, severity, typ, payload, fields)
	if err != nil {
		s := c.pick()
		s.mu.Lock()
		s.offered++
		c.refuse(s, err)
		return err
	}
	d.keep(b)
	c.keepDraft(ctx, d)
	return nil
}

// keep keeps memory for the next draft, unless it is large.
func (d *draft) keep(b []byte) {
	if cap(b) <= slabBytes {
		d.memory = b[:0]
	}
}

// keepDraft puts a copy of the draft's message into a shard.
func (c *Client) keepDraft(ctx context.Context, d *draft) {
	n := len(d.message.JSON())
	switch {
	case n > maxMessage || n <= len("{}"):
		c.drop(large)
	case c.reserveWait(ctx, n):
		if s := c.open(ctx, 0); s != nil {
			c.keep(s, d.message.Clone())
		} else {
			c.unreserve(n)
		}
	}
	d.message = envelope.Message{}
	c.drafts.Put(d)
}

// reserveWait reserves n bytes, or counts a message that was dropped.
func (c *Client) reserveWait(ctx context.Context, n int) bool {
	for !c.reserve(n) {
		switch {
		case c.ending.Load():
			c.drop(closed)
			return false
		case c.options.Full == Drop || !c.await(ctx, n):
			c.drop(full)
			return false
		}
	}
	return true
}
