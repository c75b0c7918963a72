package metlog

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open starts a client that ends with the test, and then checks its books.
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
