package metlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A draft is where a message is encoded that is large, or the values of which have methods: they may take their time,
// panic or send messages themselves, so no lock is held.
type draft struct {
	encoder *envelope.Encoder
	memory  []byte
	message envelope.Message
}

// hopeless is the size from which on a message is not even encoded, since sizes are about right only.
const hopeless = 8 * maxMessage

func (c *Client) draft() *draft {
	return c.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
}

// rest gives a draft back whose message nobody needs any more, and its memory unless there is much of it.
func (c *Client) rest(d *draft) {
	d.message = envelope.Message{}
	if cap(d.memory) > slabBytes {
		d.memory = nil
	}
	c.drafts.Put(d)
}

// writeDraft is write by way of a draft. It calls methods of attrs unless their size is known without.
func (c *Client) writeDraft(ctx context.Context, severity envelope.Severity, typ, payload string, attrs []slog.Attr, size int) {
	if len(payload) > maxMessage || size > hopeless {
		c.lose(whyLarge, typ)
		return
	}
	t := c.tamer()
	if size == unknown {
		attrs = t.attrs(attrs, 0)
	}
	d := c.draft()
	b := d.encoder.Append(d.memory[:0], &d.message, c.clock.now(), severity, typ, payload, attrs)
	c.inspect(t, typ, d)
	c.finish(ctx, d, typ, b)
}

// writeDraftShape is writeDraft for what was prepared.
func (c *Client) writeDraftShape(ctx context.Context, p *Prepared, payload string, values []slog.Value, size int) {
	if len(payload) > maxMessage || size > hopeless {
		c.lose(whyLarge, p.typ)
		return
	}
	t := c.tamer()
	if size == unknown {
		values = t.values(p.keys, values)
	}
	d := c.draft()
	b, err := d.encoder.AppendShape(d.memory[:0], &d.message, c.clock.now(), c.options.Severity, p.shape, payload, values)
	if err != nil {
		c.lose(whyLarge, p.typ)
		return
	}
	c.inspect(t, p.typ, d)
	c.finish(ctx, d, p.typ, b)
}

// writeDraftJSON is writeDraft for fields that are encoded.
func (c *Client) writeDraftJSON(ctx context.Context, at time.Time, severity envelope.Severity, typ, payload string, fields []byte) error {
	if len(payload)+len(fields) > maxMessage {
		c.lose(whyLarge, typ)
		return nil
	}
	d := c.draft()
	b, err := c.splice(d.encoder, d.memory[:0], &d.message, at, severity, typ, payload, fields)
	if err != nil {
		c.rest(d)
		return err
	}
	if d.encoder.Replaced() {
		c.damage(typ, replaced)
	}
	c.finish(ctx, d, typ, b)
	return nil
}

// finish puts a copy of the draft's message, which is of type typ and the text of which is b, into a shard.
func (c *Client) finish(ctx context.Context, d *draft, typ string, b []byte) {
	if n := len(b); n > maxMessage || n == 0 {
		c.lose(whyLarge, typ)
	} else {
		c.insert(ctx, &d.message)
	}
	d.memory = b
	c.rest(d)
}
