package source_test

import (
	"context"
	"fmt"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// Texts is a source of envelopes that are there from the start.
type Texts []string

// Run offers all of them in one batch.
func (t Texts) Run(ctx context.Context, to sink.Sink) error {
	var batch []envelope.Message
	for _, text := range t {
		m, err := envelope.Parse([]byte(text))
		if err != nil {
			return err
		}
		batch = append(batch, m)
	}
	return to.Send(ctx, batch)
}

// A source runs into a sink, and source.Run runs several into the same one. Programs run sources such as udpsource's and
// zmqsource's into a route.Router, and end them by ending ctx.
func ExampleRun() {
	timers := Texts{`{"type":"timer","logger":"shop","payload":"38","fields":{"name":"cart"}}`}
	show := sink.Each(func(_ context.Context, m envelope.Message) error {
		fmt.Println(m.Type(), m.Logger(), m.Payload())
		return nil
	})
	err := source.Run(context.Background(), show, timers)
	fmt.Println(err)
	// Output:
	// timer shop 38
	// <nil>
}
