package metlog

import (
	"log/slog"
	"math"
	"strconv"
)

// Incr adds n to a counter, with a message of type counter.
func (c *Client) Incr(name string, n int64, attrs ...slog.Attr) {
	if s := c.sample(name); s != nil {
		var text [24]byte
		c.measured(&c.counts, nil, name, s.rate, c.clock.mono(), string(strconv.AppendInt(text[:0], n, 10)), attrs)
	}
}

// Decr takes n from a counter.
func (c *Client) Decr(name string, n int64, attrs ...slog.Attr) {
	c.Incr(name, -max(n, -math.MaxInt64), attrs...)
}

// Gauge sets a gauge, with a message of type gauge. NaN and the infinities are no values: they are counted as Dropped
// "number".
func (c *Client) Gauge(name string, value float64, attrs ...slog.Attr) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		c.drop(whyNumber)
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
