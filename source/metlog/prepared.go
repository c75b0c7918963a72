package metlog

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A Prepared sends messages of one type with the same names of fields, which were encoded once.
type Prepared struct {
	client *Client
	typ    string
	keys   []string
	shape  *envelope.Shape
	size   int // of typ and keys
	told   sync.Once
}

// Prepare returns a Prepared for messages of type typ with the fields named by keys.
func (c *Client) Prepare(typ string, keys ...string) *Prepared {
	p := &Prepared{client: c, typ: typ, keys: slices.Clone(keys), shape: envelope.NewShape(typ, keys...), size: len(typ)}
	for _, key := range keys {
		p.size += len(key)
	}
	return p
}

// Emit sends a message with a value for each key, in their order, at the client's severity. With a wrong number of
// values nothing is sent: that is counted as Dropped "values", and OnError is told once.
func (p *Prepared) Emit(ctx context.Context, payload string, values ...slog.Value) {
	c := p.client
	severity := c.options.Severity
	if len(values) != len(p.keys) {
		p.mistaken(len(values))
		return
	}
	if !c.passes(p.typ, severity) {
		c.drop(whyFiltered)
		return
	}
	size := measureValues(values, p.size+len(payload))
	if size == unknown || size > largeMessage {
		c.writeDraftShape(ctx, p, payload, values, size)
		return
	}
	s := c.open(ctx, size)
	if s == nil {
		c.noticeFull(p.typ)
		return
	}
	b, err := s.encoder.AppendShape(s.chunk.text(), s.chunk.last(), c.clock.now(), severity, p.shape, payload, values)
	if err != nil {
		s.drop(whyLarge)
		c.put(s)
		c.notice(whyLarge, p.typ)
		return
	}
	c.commit(ctx, s, p.typ, b)
}

func (p *Prepared) mistaken(n int) {
	p.client.drop(whyValues)
	p.told.Do(func() {
		p.client.report.tell(fmt.Errorf("metlog: prepared %.100q takes %d values %.200q and was given %d", p.typ, len(p.keys), p.keys, n))
	})
}
