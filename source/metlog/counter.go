package metlog

import (
	"log/slog"
	"math"
	"strconv"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Incr adds n to a counter, with a message of type counter.
func (c *Client) Incr(name string, n int64, attrs ...slog.Attr) { c.count(name, n < 0, n, attrs) }

// Decr takes n from a counter.
func (c *Client) Decr(name string, n int64, attrs ...slog.Attr) { c.count(name, n > 0, n, attrs) }

// count sends n without its sign, or with a minus.
func (c *Client) count(name string, minus bool, n int64, attrs []slog.Attr) {
	s := c.sample(name)
	if s == nil {
		return
	}
	var array [24]byte
	text, size := array[:0], uint64(n)
	if n < 0 {
		size = -size
	}
	if minus {
		text = append(text, '-')
	}
	c.measured(&c.counts, nil, name, s.rate, c.clock.mono(), string(strconv.AppendUint(text, size, 10)), attrs)
}

// Gauge sets a gauge, with a message of type gauge. NaN and the infinities are no values: they are counted as Dropped
// "number".
func (c *Client) Gauge(name string, value float64, attrs ...slog.Attr) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		c.lose(whyNumber, envelope.TypeGauge)
		return
	}
	if s := c.sample(name); s != nil {
		var text [32]byte
		c.measured(&c.gauges, nil, name, s.rate, c.clock.mono(), string(strconv.AppendFloat(text[:0], value, 'f', -1, 64)), attrs)
	}
}

// sample returns the share to send the next one of a series with, or nil when it is not sent.
func (c *Client) sample(name string) *share {
	if c.series.whole.Load() {
		return whole
	}
	return c.series.of(name).next()
}
