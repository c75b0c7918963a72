package metlog

import (
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestFilters(t *testing.T) {
	types := []string{"timer"}
	ceilings := map[string]envelope.Severity{"timer": envelope.Error}
	only, not, of := OnlyTypes(types...), NotTypes(types...), MaxSeverityOf(ceilings)
	types[0], ceilings["timer"] = "changed", envelope.Debug
	for _, tt := range []struct {
		name     string
		filter   Filter
		typ      string
		severity envelope.Severity
		want     bool
	}{
		{"as bad", MaxSeverity(envelope.Warning), "a", envelope.Warning, true},
		{"worse", MaxSeverity(envelope.Warning), "a", envelope.Emergency, true},
		{"less bad", MaxSeverity(envelope.Warning), "a", envelope.Notice, false},
		{"only these", only, "timer", envelope.Info, true},
		{"not only these", only, "time", envelope.Info, false},
		{"not these", not, "timer", envelope.Info, false},
		{"others", not, "time", envelope.Info, true},
		{"of a type, as bad", of, "timer", envelope.Error, true},
		{"of a type, less bad", of, "timer", envelope.Warning, false},
		{"of a type, another", of, "counter", envelope.Debug, true},
		{"only none", OnlyTypes(), "a", envelope.Info, false},
		{"not none", NotTypes(), "a", envelope.Info, true},
	} {
		if got := tt.filter(tt.typ, tt.severity); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestFiltersApply(t *testing.T) {
	to := new(sinktest.Recorder)
	asked := 0
	given := []Filter{MaxSeverity(envelope.Warning), func(string, envelope.Severity) bool { asked++; return true }}
	c := start(t, to, &Options{Filters: given})
	given[0] = NotTypes("oldstyle")
	oneShard(c)
	ctx := t.Context()
	c.Emit(ctx, "a", "")
	c.EmitAt(ctx, envelope.Error, "a", "kept")
	c.Log(ctx, envelope.Info, "")
	c.Logf(ctx, envelope.Info, "%v", panicker{})
	c.Logf(ctx, envelope.Warning, "kept %s", "too")
	c.Incr("a", 1)
	c.Timer("a").Start().Stop()
	c.Prepare("a").Emit(ctx, "")
	if err := c.EmitJSON(ctx, c.clock.epoch, envelope.Info, "a", "", []byte("not JSON")); err != nil {
		t.Error(err)
	}
	if got := sent(t, c, to); !slices.Equal(got, []string{"kept", "kept too"}) {
		t.Errorf("sent %v", got)
	}
	if asked != 2 {
		t.Errorf("the second filter was asked %d times", asked)
	}
	dropped(t, c, map[string]uint64{"filtered": 7})
}

func TestFilterPanics(t *testing.T) {
	to := new(sinktest.Recorder)
	told := make(chan error, 1)
	c := start(t, to, &Options{
		Filters: []Filter{func(string, envelope.Severity) bool { panic("boom") }},
		OnError: func(err error) { told <- err },
	})
	c.Emit(t.Context(), "a", "kept")
	if got := sent(t, c, to); len(got) != 1 {
		t.Errorf("sent %v", got)
	}
	if err := <-told; !strings.Contains(err.Error(), "a filter panicked: boom") {
		t.Error(err)
	}
}
