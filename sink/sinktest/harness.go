package sinktest

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Harness says how the sink under test is made and how to look at its other end. Exactly one of New, Wrap and Fan is
// set. The kit calls it at least once for each check, and shuts down or closes what it returns. Received, Fail and Stall
// speak of the sink made last. No two functions of a harness are called at the same time, but for Key.
type Harness struct {
	// New returns a leaf whose endpoint is up and has received nothing. What it starts it ends with t.Cleanup.
	New func(t testing.TB) sink.Sink

	// Wrap returns a wrapper that sends to next. The kit's next records, fails and stalls as each check needs it.
	Wrap func(t testing.TB, next sink.Sink) sink.Sink

	// Fan returns a wrapper that sends every message to both first and second, such as a Tee.
	Fan func(t testing.TB, first, second sink.Sink) sink.Sink

	// Received returns the keys of what has arrived at a leaf's endpoint so far, in order of arrival when there is one.
	// The kit asks again until what it expects is there. Without it the kit checks only what it can see from Send's side.
	// Wrappers do not need it.
	Received func(t testing.TB) []string

	// Key returns what Received will hold once m has arrived, or "" when m is accepted and then does not arrive (a filter's
	// rest). For a wrapper it is the JSON that next gets. It must be different for different messages and may be called
	// concurrently. Default: m.JSON().
	Key func(m *envelope.Message) string

	// Message returns the i-th message this sink takes. Default: a counter whose payload is "1", with fields.name
	// "sinktest.<i>", logger "sinktest".
	Message func(i int) envelope.Message

	// Fail makes a leaf's endpoint fail, and work again: while failing, it takes no message. Optional.
	Fail func(t testing.TB, failing bool)

	// Stall makes a leaf's endpoint hang, and go on: while stalled, what it is sent waits. Optional.
	Stall func(t testing.TB, stalled bool)

	// Asynchronous says that the sink accepts first and delivers later, as a queue does: Send's error is not the
	// endpoint's, and what the endpoint refuses for now is sent again.
	Asynchronous bool

	// Ordered says that messages of one goroutine's Sends arrive in order while nothing fails.
	Ordered bool

	// Except names checks that this sink is right not to pass, each with the reason, which goes to the test's log.
	Except map[string]string

	// Patience is how long the kit waits for what must happen: an arrival, a return. Default: 10 seconds. Only failures
	// take that long.
	Patience time.Duration
}

// Run holds the sink to the contract of [sink.Sink], in one sub-test for each check, and logs by name what it could not
// check. A wrong harness ends the test.
func Run(t *testing.T, h Harness) {
	t.Helper()
	k, err := newKit(h)
	if err != nil {
		t.Fatal(err)
	}
	var unchecked []string
	for _, c := range checks() {
		if !h.applies(c.kind) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if why := k.run(t, c); why != "" {
				t.Log("not checked: " + why)
				unchecked = append(unchecked, c.name+": "+why)
			}
		})
	}
	if len(unchecked) > 0 {
		t.Logf("sinktest: not checked:\n%s", strings.Join(unchecked, "\n"))
	}
}

// A check is one sub-test. run returns why there was nothing it could check, or "".
type check struct {
	name string
	kind kind
	run  func(*kit, testing.TB) (unchecked string)
}

// A kit is one Run.
type kit struct {
	Harness
	blind bool            // does not read batches while a Send has them, for this package's own tests
	made  int             // messages made, so that all of a Run differ
	keys  map[string]bool // keys of all messages made: a shared endpoint may still show an earlier check's
}

func newKit(h Harness) (*kit, error) {
	makers := 0
	for _, set := range []bool{h.New != nil, h.Wrap != nil, h.Fan != nil} {
		if set {
			makers++
		}
	}
	if makers != 1 {
		return nil, errors.New("sinktest: a Harness has exactly one of New, Wrap and Fan")
	}
	if h.New == nil && (h.Received != nil || h.Fail != nil || h.Stall != nil) {
		return nil, errors.New("sinktest: Received, Fail and Stall are for New: the kit supplies what Wrap and Fan send to")
	}
	if h.Fan != nil && h.Asynchronous {
		return nil, errors.New("sinktest: Fan cannot be Asynchronous")
	}
	for name := range h.Except {
		if !slices.ContainsFunc(checks(), func(c check) bool { return c.name == name }) {
			return nil, fmt.Errorf("sinktest: Except: no check is named %q", name)
		}
	}
	if h.Key == nil {
		h.Key = (*envelope.Message).JSON
	}
	if h.Message == nil {
		h.Message = message
	}
	if h.Patience <= 0 {
		h.Patience = 10 * time.Second
	}
	return &kit{Harness: h, keys: make(map[string]bool)}, nil
}

func (k *kit) run(t testing.TB, c check) (unchecked string) {
	if why, ok := k.Except[c.name]; ok {
		return "excepted: " + why
	}
	return c.run(k, t)
}

func message(i int) envelope.Message {
	m, err := envelope.Draft{
		Type:    envelope.TypeCounter,
		Logger:  "sinktest",
		Payload: "1",
		Fields:  []slog.Attr{slog.String("name", fmt.Sprintf("sinktest.%d", i))},
	}.Seal()
	if err != nil {
		panic(err) // a constant draft
	}
	return m
}
