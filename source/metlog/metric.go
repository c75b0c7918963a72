package metlog

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A metric is a type of message that has a name, a rate and a number.
type metric struct {
	typ   string
	shape *envelope.Shape
}

func newMetric(typ string) metric { return metric{typ, envelope.NewShape(typ, "name", "rate")} }

// measured sends a number, which was read from something at a time since the epoch. Fixed is a shape that has the name and
// the rate, or nil.
func (c *Client) measured(kind *metric, fixed *envelope.Shape, name string, rate float64, at time.Duration, text string, attrs []slog.Attr) {
	if !c.passes(kind.typ, c.options.Severity) {
		c.drop(whyFiltered)
		return
	}
	size := measure(attrs, len(name)+len(text)+len(kind.typ))
	if size == unknown || size > largeMessage {
		all := append(slices.Clone(attrs), slog.String("name", name), slog.Float64("rate", rate)) // the last of a name counts
		c.writeDraft(context.Background(), c.options.Severity, kind.typ, text, all, size)
		return
	}
	s := c.open(context.Background(), size)
	if s == nil {
		c.noticeFull(kind.typ)
		return
	}
	shape, values := fixed, []slog.Value(nil)
	if fixed == nil {
		shape, values = kind.shape, []slog.Value{slog.StringValue(name), slog.Float64Value(rate)}
	}
	b, err := s.encoder.AppendShapeWith(s.chunk.text(), s.chunk.last(), c.clock.at(at), c.options.Severity, shape, text, attrs, values)
	if err != nil {
		s.drop(whyLarge)
		c.put(s)
		c.notice(whyLarge, kind.typ)
		return
	}
	c.commit(context.Background(), s, kind.typ, b)
}
