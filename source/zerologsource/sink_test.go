package zerologsource

import (
	"context"
	"os"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A fileSink writes a line a message.
type fileSink struct{ out *os.File }

func (f fileSink) Send(_ context.Context, batch []envelope.Message) error {
	for i := range batch {
		if _, err := f.out.WriteString(batch[i].JSON() + "\n"); err != nil {
			return err
		}
	}
	return nil
}
