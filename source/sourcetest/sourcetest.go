// Package sourcetest checks that a source keeps the contract of [source.Source]: what it may lose (nothing), what it may
// wait for (its sink), what it does with messages that nobody takes and with bytes that are no envelope, and how it ends.
//
// A test of a source is one call of [Run] with a [Harness] that makes such sources and sends frames to them the way their
// peers do. Every violation is reported with the rule it breaks. Import the package in tests only.
//
// The kit is for sources that cannot tell their sender what became of a message, such as sockets without replies: it asks
// for dead letters.
package sourcetest

import (
	"slices"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// A Harness makes the sources under test.
type Harness struct {
	// New makes a source with the options o and does not run it. It is called once for every check. An error is what the
	// source's own constructor returned; a harness that fails for another reason calls t.Fatal.
	New func(t testing.TB, o Options) (Subject, error)

	// MaxFrame is the size in bytes of the largest frame that Feed can send. The default is 60,000.
	MaxFrame int

	// InFlight says that frames may still be on their way when Feed has returned. The source then need not have offered
	// them when ctx ends. By default it must have.
	InFlight bool
}

// Options are the options of a source that the kit sets.
type Options struct {
	DeadLetter   sink.Sink      // nil: none
	Decoder      source.Decoder // nil: the source's default
	DrainTimeout time.Duration  // 0: the source's default
}

// A Subject is one source under test and the way to its input.
type Subject struct {
	Source source.Source

	// Feed sends each frame to the source, in order, and returns when the source can receive them. It is called only
	// after Run has been, so it may wait for the source to listen, and never concurrently. It may block while the source
	// reads nothing.
	Feed func(frames ...string) error
}

// defaultPatience is how long a check waits for what must happen. It is no measure of speed.
const defaultPatience = 10 * time.Second

// Run checks the sources that h makes, each rule in a subtest of its own.
func Run(t *testing.T, h Harness) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for _, violation := range c.violations(t, h, defaultPatience) {
				t.Errorf("%s\n\trule: %s", violation, c.rule)
			}
		})
	}
}

// A check tries one rule of the contract.
type check struct {
	name string
	rule string
	try  func(*trial)
}

// violations tries the rule on a source of h and returns what broke it.
func (c check) violations(t testing.TB, h Harness, patience time.Duration) []string {
	if h.MaxFrame <= 0 {
		h.MaxFrame = 60_000
	}
	tr := &trial{t: t, harness: h, patience: patience}
	defer tr.finish()
	c.try(tr)
	tr.finish()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.found)
}

var checks = []check{
	{"offered once", "a source offers everything it received, once, as it was sent", offeredOnce},
	{"several envelopes", "a frame may hold several envelopes; each is a message", severalEnvelopes},
	{"bad among good", "an envelope that cannot be read costs no other: reading goes on after the next newline", badAmongGood},
	{"meta", "every message has Meta: the time it was received, its origin and an ID of its own", metaIsSet},
	{"messages last", "a sink may keep the messages of a batch: their text never changes", messagesLast},
	{"batch lent", "a batch is the sink's until Send returns: the source leaves it alone", batchIsLent},
	{"decoder", "Options.Decoder reads the frames when it is set", decoderIsUsed},
	{"typed nil", "New refuses an option that is a nil pointer in an interface and names it", typedNil},
	{"end", "Run returns nil soon after ctx has ended and leaves no goroutine behind", endsWithContext},
	{"end before start", "Run under a context that has ended returns nil", endedBeforeStart},
	{"drain", "Run returns after everything received has been offered, under a context that is still alive", drains},
	{"drain bounded", "Sends run under a context that ends DrainTimeout after ctx, neither sooner nor never", drainIsBounded},
	{"refused", "a message the sink refuses is offered once and goes to the dead letter as metlog.deadletter", refusedToDeadLetter},
	{"refused in part", "of a batch that failed in part only the failed messages go to the dead letter", refusedInPart},
	{"undecodable", "what cannot be decoded goes to the dead letter as metlog.undecodable and stops nothing", undecodableToDeadLetter},
	{"no dead letter", "without a dead letter, refused and undecodable are counted by name and stop nothing", withoutDeadLetter},
	{"failing dead letter", "what the dead letter refuses is counted as refused or undecodable and stops nothing", failingDeadLetter},
	{"account", "a source keeps an account, with a name, that balances at all times", accountBalances},
	{"backpressure", "while Send blocks, a source holds a bounded part of its input in memory", backpressure},
}
