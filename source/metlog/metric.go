package metlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A metric is a type of message that has a name, a rate and a number.
type metric struct {
	typ   string
	shape *envelope.Shape
}

func newMetric(typ string) metric { return metric{typ, envelope.NewShape(typ, "name", "rate")} }

// measured sends a number, which was read from something at a time since the epoch.
func (c *Client) measured(kind *metric, name string, rate float64, at time.Duration, text string, attrs []slog.Attr) {
	if !c.passes(kind.typ, c.options.Severity) {
		c.drop(whyFiltered)
		return
	}
	if len(attrs) > 0 || len(name) > largeMessage {
		c.measuredWith(kind, name, rate, at, text, attrs)
		return
	}
	s := c.open(context.Background(), len(name)+len(text)+len(kind.typ))
	if s == nil {
		return
	}
	fields := [2]slog.Value{slog.StringValue(name), slog.Float64Value(rate)}
	b, err := s.encoder.AppendShape(s.chunk.text(), s.chunk.last(), c.clock.at(at), c.options.Severity, kind.shape, text, fields[:])
	if err != nil {
		s.drop(whyLarge)
		c.put(s)
		return
	}
	c.commit(context.Background(), s, b)
}

// fewAttrs is how many attributes a metric may have before there is an allocation.
const fewAttrs = 14

// measuredWith is measured with attributes. The name and the rate stand behind them, so that no attribute takes their
// place.
func (c *Client) measuredWith(kind *metric, name string, rate float64, at time.Duration, text string, attrs []slog.Attr) {
	var array [fewAttrs + 2]slog.Attr
	all := append(append(array[:0], attrs...), slog.String("name", name), slog.Float64("rate", rate))
	severity := c.options.Severity
	size := measure(all, len(kind.typ)+len(text))
	if size == unknown || size > largeMessage {
		c.writeDraft(context.Background(), severity, kind.typ, text, all, size)
		return
	}
	s := c.open(context.Background(), size)
	if s == nil {
		return
	}
	c.commit(context.Background(), s, s.encoder.Append(s.chunk.text(), s.chunk.last(), c.clock.at(at), severity, kind.typ, text, all))
}
