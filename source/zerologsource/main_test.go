package zerologsource

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		endingChild(child)
		return
	}
	goleak.VerifyTestMain(m)
}

// A bench is a Writer and what comes out at the other end.
type bench struct {
	*testing.T
	*Writer
	client *metlog.Client
	sent   sinktest.Recorder
}

func newBench(t *testing.T, o *Options) *bench {
	t.Helper()
	b := &bench{T: t}
	b.client = open(t, &b.sent)
	b.Writer = New(b.client, o)
	return b
}

func open(t testing.TB, to sink.Sink) *metlog.Client {
	t.Helper()
	m, err := metlog.New(to, &metlog.Options{Logger: "shop", Hostname: "web3", PID: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if a := m.Account(); !a.Balanced() {
			t.Errorf("account does not balance: %+v", a)
		}
	})
	return m
}

// all returns what was sent since the last call.
func (b *bench) all() []envelope.Message {
	b.Helper()
	if err := b.client.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	return b.sent.TakeAll()
}

// one returns the one message that was sent, which strict readers take.
func (b *bench) one() *envelope.Message {
	b.Helper()
	all := b.all()
	if len(all) != 1 {
		b.Fatalf("%d messages, want 1", len(all))
	}
	strict := envelope.Parser{Strict: true}
	if _, err := strict.AppendParse(nil, all[0].JSON(), 0, envelope.Meta{}); err != nil {
		b.Errorf("a strict parser refuses %s: %v", all[0].JSON(), err)
	}
	return &all[0]
}

// fields returns the text of a message's fields.
func fields(m *envelope.Message) string {
	v, _ := m.Field()
	return v.JSON()
}

// set gives one of zerolog's variables another value until the test ends.
func set[T any](t *testing.T, variable *T, value T) {
	before := *variable
	*variable = value
	t.Cleanup(func() { *variable = before })
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC)

func logger(b *bench) *zerolog.Logger {
	l := zerolog.New(b.Writer)
	return &l
}
