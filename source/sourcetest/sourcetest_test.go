package sourcetest

import (
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/source"
)

func TestRunPassesGoodSource(t *testing.T) {
	Run(t, pipes(none))
}

func TestRunPassesInFlight(t *testing.T) {
	h := pipes(noDrain)
	h.InFlight = true
	for _, c := range checks {
		if c.name == "drain" {
			if found := c.violations(t, h, time.Second); found != nil {
				t.Errorf("a source that may lose what is in flight: %q", found)
			}
		}
	}
}

// Each broken source must be caught by the check that is about its fault.
func TestRunCatches(t *testing.T) {
	for _, test := range []struct {
		fault fault
		check string
	}{
		{loses, "offered once"},
		{offersTwice, "offered once"},
		{rewrites, "offered once"},
		{firstOnly, "several envelopes"},
		{skipsRest, "bad among good"},
		{noMeta, "meta"},
		{sameID, "meta"},
		{reusesMemory, "messages last"},
		{overwritesBatch, "batch lent"},
		{ownDecoder, "decoder"},
		{takesNil, "typed nil"},
		{returnsErr, "end"},
		{hangs, "end"},
		{leaks, "end"},
		{returnsErr, "end before start"},
		{hangs, "end before start"},
		{noDrain, "drain"},
		{deadDrain, "drain"},
		{deadDrain, "drain bounded"},
		{endlessDrain, "drain bounded"},
		{retries, "refused"},
		{skipsLetters, "refused"},
		{plainLetters, "refused"},
		{lettersAll, "refused in part"},
		{skipsLetters, "undecodable"},
		{stopsAtBad, "undecodable"},
		{stopsAtRefused, "no dead letter"},
		{stopsAtBad, "no dead letter"},
		{retries, "failing dead letter"},
		{miscounts, "account"},
		{unbalanced, "account"},
		{nameless, "account"},
		{readsAhead, "backpressure"},
	} {
		t.Run(test.check+"/"+string(test.fault), func(t *testing.T) {
			t.Parallel()
			violates(t, test.check, pipes(test.fault))
		})
	}
}

func TestRunCatchesSourceWithoutAccount(t *testing.T) {
	h := pipes(none)
	made := h.New
	h.New = func(t testing.TB, o Options) (Subject, error) {
		s, err := made(t, o)
		s.Source = accountless{s.Source}
		return s, err
	}
	violates(t, "account", h)
}

func violates(t *testing.T, name string, h Harness) {
	t.Helper()
	for _, c := range checks {
		if c.name != name {
			continue
		}
		found := c.violations(t, h, 150*time.Millisecond)
		if len(found) == 0 {
			t.Errorf("%q found nothing", name)
		}
		for _, f := range found {
			t.Log(f)
		}
		return
	}
	t.Fatalf("there is no check %q", name)
}

var _ source.Source = accountless{}
