package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
)

// printing returns a router that prints each message as people read it.
func printing(out io.Writer) (sink.Sink, error) {
	metrics := route.Type(envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge)
	to := &printer{out: out}
	return route.New(
		route.Rule{Name: "metrics", When: metrics, To: to},
		route.Rule{Name: "panics", When: route.Type(envelope.TypeException), To: to},
		route.Rule{Name: "log", When: route.Otherwise, To: to},
	)
}

// A printer writes a line for each message, a batch at a time, and keeps none.
type printer struct {
	sink.Counters
	out io.Writer
}

func (p *printer) Send(_ context.Context, batch []envelope.Message) error {
	var text bytes.Buffer
	for i := range batch {
		describe(&text, &batch[i])
	}
	_, err := p.out.Write(text.Bytes())
	return p.Sent(len(batch), err)
}

func (p *printer) Account() sink.Account { return p.Counters.Account("printer") }

// Borrows lets the client use its memory again.
func (p *printer) Borrows() bool { return true }

func describe(text *bytes.Buffer, m *envelope.Message) {
	switch m.Type() {
	case envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge:
		name, _ := m.Field("name")
		fmt.Fprintf(text, "%s %q %s\n", m.Type(), name.String(), m.Payload())
	case envelope.TypeException:
		what, _ := m.Field("msg")
		fmt.Fprintf(text, "%s %q, an event of %d bytes\n", m.Type(), what.String(), len(m.Payload()))
	default:
		fmt.Fprintf(text, "%s %s %q\n", m.Type(), m.Severity(), m.Payload())
	}
}
