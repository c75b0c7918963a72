package route_test

import (
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestRouterConforms(t *testing.T) {
	router := func(t testing.TB, rules ...route.Rule) sink.Sink {
		r, err := route.New(rules...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	odd := route.Field("name").Matches(`[13579]$`)
	isOdd := func(m *envelope.Message) bool {
		name, _ := m.Field("name")
		text := name.String()
		return text != "" && strings.ContainsAny(text[len(text)-1:], "13579")
	}
	harnesses := map[string]sinktest.Harness{
		"everything": {
			Wrap:    func(t testing.TB, next sink.Sink) sink.Sink { return router(t, route.Rule{Name: "all", To: next}) },
			Ordered: true,
		},
		"otherwise": {
			Wrap: func(t testing.TB, next sink.Sink) sink.Sink {
				return router(t, route.Rule{Name: "none", When: route.Type("none"), To: sink.Discard}, route.Rule{Name: "rest", When: route.Otherwise, To: next})
			},
			Ordered: true,
		},
		"every other message": {
			Wrap: func(t testing.TB, next sink.Sink) sink.Sink {
				return router(t, route.Rule{Name: "odd", When: odd, To: next}, route.Rule{Name: "zero", When: route.Type(""), To: next}, route.Rule{Name: "even", When: route.Otherwise, To: sink.Discard})
			},
			Key: func(m *envelope.Message) string {
				if m.Type() != "" && !isOdd(m) {
					return ""
				}
				return m.JSON()
			},
			Ordered: true,
		},
		"two rules, one sink": {
			Wrap: func(t testing.TB, next sink.Sink) sink.Sink {
				return router(t, route.Rule{Name: "even", When: route.Otherwise, To: next}, route.Rule{Name: "odd", When: odd, To: next})
			},
		},
		"tee": {
			Fan: func(t testing.TB, first, second sink.Sink) sink.Sink {
				return router(t, route.Rule{Name: "first", To: first}, route.Rule{Name: "second", To: second})
			},
			Ordered: true,
		},
	}
	for name, h := range harnesses {
		t.Run(name, func(t *testing.T) { sinktest.Run(t, h) })
	}
}

// The books show each rule between the router and what it leads to, also when it is gone.
func TestLedgerShowsRules(t *testing.T) {
	archive := &sinktest.Recorder{}
	router, err := route.New(route.Rule{Name: "stats", When: route.Type("timer"), To: sink.Discard}, route.Rule{Name: "rest", When: route.Otherwise, To: archive})
	if err != nil {
		t.Fatal(err)
	}
	books := ledger.New(router)
	send := func() {
		if err := router.Send(t.Context(), []envelope.Message{message(`{"type": "timer"}`), message(`{"type": "cef"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	if err := router.Replace(route.Rule{Name: "all", To: archive}); err != nil {
		t.Fatal(err)
	}
	send()
	if err := books.Balance(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"router -> all", "rule all -> sinktest.Recorder", "rule stats -> sink.discard", "rule rest -> sinktest.Recorder"} {
		if !strings.Contains(books.String(), name) {
			t.Errorf("%s is missing in\n%s", name, books)
		}
	}
}
