package metlog

import (
	"context"
	"maps"
	"testing"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a client that ends with the test, and then checks its books.
func start(t *testing.T, to sink.Sink, o *Options) *Client {
	t.Helper()
	c, err := New(to, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		balanced(t, c)
	})
	return c
}

func balanced(t *testing.T, c *Client) sink.Account {
	t.Helper()
	a := c.Account()
	if !a.Balanced() {
		t.Errorf("account does not balance: %+v", a)
	}
	return a
}

// A hole takes everything and keeps nothing.
type hole struct{}

func (hole) Send(context.Context, []envelope.Message) error { return nil }
func (hole) Borrows() bool                                  { return true }

// oneShard makes a new client keep the order.
func oneShard(c *Client) {
	c.shards = c.shards[:1]
	c.hint.New = func() any { return &c.shards[0] }
}

func flush(t *testing.T, c *Client) {
	t.Helper()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sent returns the payloads of what to has recorded, after a flush.
func sent(t *testing.T, c *Client, to *sinktest.Recorder) []string {
	t.Helper()
	flush(t, c)
	var payloads []string
	for _, m := range to.All() {
		payloads = append(payloads, m.Payload())
	}
	return payloads
}

// dropped checks how many messages were dropped for each reason.
func dropped(t *testing.T, c *Client, want map[string]uint64) {
	t.Helper()
	if a := balanced(t, c); !maps.Equal(a.Dropped, want) {
		t.Errorf("dropped %v, want %v", a.Dropped, want)
	}
}

func rates(t *testing.T, text string) Rates {
	t.Helper()
	r, err := ParseRates(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
