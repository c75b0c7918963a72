package integration

import (
	"maps"
	"slices"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
)

// What statsd understood of each kind of line, read back from it, over UDP and over TCP.
func TestStatsdReadsBack(t *testing.T) {
	tests := []struct {
		name  string
		start func(testing.TB) *statsd
		opts  statsdsink.Options
	}{
		{"UDP", startStatsd, statsdsink.Options{}},
		{"UDP, one line a datagram", startStatsd, statsdsink.Options{DatagramBytes: 1}},
		{"TCP", startStatsdTCP, statsdsink.Options{TCP: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stats := test.start(t)
			to, err := statsdsink.New(stats.addr, &test.opts)
			if err != nil {
				t.Fatal(err)
			}
			var batch []envelope.Message
			for _, text := range []string{
				`{"type":"counter","logger":"shop","payload":"3","fields":{"name":"hits"}}`,
				`{"type":"counter","logger":"shop","payload":"-1","fields":{"name":"hits","rate":1}}`,
				`{"type":"counter","logger":"shop","payload":"1","fields":{"name":"sampled","rate":0.1}}`,
				`{"type":"gauge","logger":"shop","payload":"40","fields":{"name":"queue"}}`,
				`{"type":"gauge","logger":"shop","payload":"-7.5","fields":{"name":"queue"}}`, // set, not subtracted
				`{"type":"gauge","logger":"shop","payload":"-2","fields":{"name":"new"}}`,
				`{"type":"gauge","logger":"shop","payload":"5","fields":{"name":"carts::open|c"}}`,
				`{"type":"timer","logger":"shop","payload":"12","fields":{"name":"views"}}`,
				`{"type":"timer","logger":"shop","payload":"0.25","fields":{"name":"views","rate":1}}`,
				`{"type":"timer","logger":"shop","payload":"7","fields":{"name":"sampled","rate":"0.5"}}`,
			} {
				m, err := envelope.Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				batch = append(batch, m)
			}
			if err := to.Send(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			if err := to.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			const lines = 12 // a negative gauge takes two
			eventually(t, func() string { return "statsd has read all lines" }, func() bool { return stats.counters()["statsd.metrics_received"] >= lines })

			counters := stats.values("counters")
			for key, want := range map[string]float64{
				"shop.hits": 2, "shop.sampled": 10, "statsd.metrics_received": lines, "statsd.bad_lines_seen": 0,
			} {
				if got := counters[key]; len(got) != 1 || got[0] != want {
					t.Errorf("counter %s is %v, not %v", key, got, want)
				}
			}
			expectValues(t, "gauges", stats.values("gauges"), map[string][]float64{
				"shop.queue": {-7.5}, "shop.new": {-2}, "shop.carts.open_c": {5}, "statsd.timestamp_lag": nil,
			})
			expectValues(t, "timers", stats.values("timers"), map[string][]float64{"shop.views": {12, 0.25}, "shop.sampled": {7}})
		})
	}
}

// expectValues compares what statsd has; nil is what it may have or not, with any value.
func expectValues(t *testing.T, what string, got, want map[string][]float64) {
	t.Helper()
	maps.DeleteFunc(got, func(key string, _ []float64) bool { values, ok := want[key]; return ok && values == nil })
	maps.DeleteFunc(want, func(_ string, values []float64) bool { return values == nil })
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%s are %v, not %v", what, got, want)
	}
}
