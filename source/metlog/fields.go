package metlog

import (
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// AppendFields appends attrs to b as one JSON object, as [Client.Emit] would encode them: [Options.Maps] holds, and
// [Client.Damaged] counts a call in which a value could not be written. It is for bridges that put fields for
// [Client.EmitJSON] together from parts.
func (c *Client) AppendFields(b []byte, attrs ...slog.Attr) []byte {
	d := c.draft()
	if f := c.encode(d, attrs); f.text != "" {
		c.damage(envelope.TypeLog, f)
	}
	if v, ok := d.message.Field(); ok {
		b = append(b, v.JSON()...)
	} else {
		b = append(b, `{"!ERROR":"more than 1 GiB"}`...)
		c.damage(envelope.TypeLog, flaw{what: "the fields are more than 1 GiB", text: markError})
	}
	c.rest(d)
	return b
}

// encode makes attrs the fields of d's message, of which nothing else counts. It returns what of
// them could not be written.
func (c *Client) encode(d *draft, attrs []slog.Attr) flaw {
	t := c.tamer()
	if measure(attrs, 0) == unknown {
		attrs = t.attrs(attrs, 0)
	}
	d.memory = d.encoder.Append(d.memory[:0], &d.message, time.Time{}, envelope.Info, "", "", attrs)
	return d.flaw(t)
}
