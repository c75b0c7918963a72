package metlog

import (
	"context"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Incr adds n to a counter: a message of type counter.
func (c *Client) Incr(name string, n int64, attrs ...slog.Attr) {
	var text [24]byte
	if s := c.sample(name); s != nil {
		c.measured(envelope.TypeCounter, name, s.rate, time.Since(c.epoch), string(strconv.AppendInt(text[:0], n, 10)), attrs)
	}
}

// Decr takes n from a counter.
func (c *Client) Decr(name string, n int64, attrs ...slog.Attr) {
	c.Incr(name, -max(n, -math.MaxInt64), attrs...)
}

// Gauge sets a gauge to a value: a message of type gauge. NaN and the infinities are counted as Dropped "number".
func (c *Client) Gauge(name string, value float64, attrs ...slog.Attr) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		c.drop(number)
		return
	}
	var text [32]byte
	if s := c.sample(name); s != nil {
		c.measured(envelope.TypeGauge, name, s.rate, time.Since(c.epoch), string(strconv.AppendFloat(text[:0], value, 'f', -1, 64)), attrs)
	}
}

// sample returns the share of a series when one of it is to be sent, else nil.
func (c *Client) sample(name string) *share {
	if c.series.whole.Load() {
		return whole
	}
	series := c.series.of(name)
	s := series.share.Load()
	if s != nil && !s.draw() {
		series.out.Add(1)
		return nil
	}
	return s
}

// maxMetricAttrs is how many attributes a timer, counter or gauge has without an allocation.
const maxMetricAttrs = 14

// measured sends a number with a name. The name and rate stand last: no attribute takes their place.
func (c *Client) measured(typ, name string, rate float64, end time.Duration, text string, attrs []slog.Attr) {
	if !c.passes(typ, c.options.Severity) {
		c.drop(filtered)
		return
	}
	var array [maxMetricAttrs + 2]slog.Attr
	all := append(append(array[:0], attrs...), slog.String("name", name), slog.Float64("rate", rate))
	size, simple := measure(all)
	size += len(typ) + len(text)
	if !simple || size > largeMessage {
		c.draft(context.Background(), c.options.Severity, typ, text, all)
		return
	}
	s := c.open(context.Background(), size)
	if s == nil {
		return
	}
	c.commit(s, s.encoder.Append(s.chunk.text(), s.chunk.last(), c.at(s, end), c.options.Severity, typ, text, all))
}
