package metlog

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Emit sends a message of any type, with any payload and any fields, at the client's severity.
//
// Fields are encoded as [envelope.Draft] says, but for maps (see [Options.Maps]). ctx carries values only: that it has
// ended stops no message.
func (c *Client) Emit(ctx context.Context, typ, payload string, attrs ...slog.Attr) {
	c.emit(ctx, c.options.Severity, typ, payload, attrs)
}

// EmitAt is [Client.Emit] at a severity.
func (c *Client) EmitAt(ctx context.Context, severity envelope.Severity, typ, payload string, attrs ...slog.Attr) {
	c.emit(ctx, severity, typ, payload, attrs)
}

// Log sends a line of text, as a message of type oldstyle.
func (c *Client) Log(ctx context.Context, severity envelope.Severity, text string, attrs ...slog.Attr) {
	c.emit(ctx, severity, envelope.TypeLog, text, attrs)
}

// Logf is [Client.Log] of fmt.Sprintf(format, args...), which is not called for what a filter drops. It is fmt that reads
// the args: one that is, or leads to, a map which another goroutine writes meanwhile ends the program; one whose String,
// Error or Format panics leaves fmt's mark, such as %!v(PANIC=String method: no name), which [Client.Damaged] does not
// count.
func (c *Client) Logf(ctx context.Context, severity envelope.Severity, format string, args ...any) {
	if !c.passes(envelope.TypeLog, severity) {
		c.drop(whyFiltered)
		return
	}
	c.write(ctx, severity, envelope.TypeLog, fmt.Sprintf(format, args...), nil)
}

// EmitJSON sends a message with fields that are encoded already: one JSON object, which is read once to be sure of it.
// A zero at is now. It is for bridges from other loggers.
//
// A [*envelope.SyntaxError] says why fields are none. Then the message is the caller's still and in no account: what is
// sent in its place is. Every other outcome is nil.
func (c *Client) EmitJSON(ctx context.Context, at time.Time, severity envelope.Severity, typ, payload string, fields []byte) error {
	if !c.passes(typ, severity) {
		c.drop(whyFiltered)
		return nil
	}
	return c.writeJSON(ctx, at, severity, typ, payload, fields)
}

// writeJSON is EmitJSON without the filters.
func (c *Client) writeJSON(ctx context.Context, at time.Time, severity envelope.Severity, typ, payload string, fields []byte) error {
	size := len(typ) + len(payload) + len(fields)
	if size > largeMessage {
		return c.writeDraftJSON(ctx, at, severity, typ, payload, fields)
	}
	s := c.open(ctx, size)
	if s == nil {
		c.noticeFull(typ)
		return nil
	}
	b, err := c.splice(s.encoder, s.chunk.text(), s.chunk.last(), at, severity, typ, payload, fields)
	if err != nil {
		s.offered--
		c.put(s)
		return err
	}
	c.commit(ctx, s, typ, b)
	return nil
}

// splice is AppendJSON of e, but for a zero at, and for the time received, which is now whatever at is.
func (c *Client) splice(e *envelope.Encoder, b []byte, m *envelope.Message, at time.Time, severity envelope.Severity, typ, payload string, fields []byte) ([]byte, error) {
	now := c.clock.now()
	if at.IsZero() {
		at = now
	}
	b, err := e.AppendJSON(b, m, at, severity, typ, payload, fields)
	if err == nil && at != now {
		meta := m.Meta()
		meta.Received = now
		*m = m.WithMeta(meta)
	}
	return b, err
}

// emit is Emit after the choice of severity.
func (c *Client) emit(ctx context.Context, severity envelope.Severity, typ, payload string, attrs []slog.Attr) {
	if !c.passes(typ, severity) {
		c.drop(whyFiltered)
		return
	}
	c.write(ctx, severity, typ, payload, attrs)
}

// write is emit without the filters.
func (c *Client) write(ctx context.Context, severity envelope.Severity, typ, payload string, attrs []slog.Attr) {
	size := measure(attrs, len(typ)+len(payload))
	if size == unknown || size > largeMessage {
		c.writeDraft(ctx, severity, typ, payload, attrs, size)
		return
	}
	s := c.open(ctx, size)
	if s == nil {
		c.noticeFull(typ)
		return
	}
	c.commit(ctx, s, typ, s.encoder.Append(s.chunk.text(), s.chunk.last(), c.clock.now(), severity, typ, payload, attrs))
}
