package statsdsink

import (
	"log/slog"
	"strconv"
	"testing"

	"github.com/cactus/go-statsd-client/v5/statsd"
	"github.com/cactus/go-statsd-client/v5/statsd/statsdtest"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Plain metrics go out as the client library writes them.
func TestAgreesWithClient(t *testing.T) {
	recorder := statsdtest.NewRecordingSender()
	client, err := statsd.NewClientWithSender(recorder, "shop", statsd.SuffixOctothorpe)
	if err != nil {
		t.Fatal(err)
	}
	client.(statsd.SubStatter).SetSamplerFunc(func(float32) bool { return true })
	methods := map[string]func(string, int64, float32, ...statsd.Tag) error{
		envelope.TypeCounter: client.Inc, envelope.TypeTimer: client.Timing, envelope.TypeGauge: client.Gauge,
	}
	for typ, method := range methods {
		for _, value := range []int64{0, 1, 38, 1 << 53} {
			for _, rate := range []float64{1, 0.25, 0.5} {
				recorder.ClearSent()
				if err := method("cart", value, float32(rate)); err != nil {
					t.Fatal(err)
				}
				m, err := envelope.Draft{Type: typ, Logger: "shop", Payload: strconv.FormatInt(value, 10),
					Fields: []slog.Attr{slog.String("name", "cart"), slog.String("rate", strconv.FormatFloat(rate, 'f', 6, 64))}}.Seal()
				if err != nil {
					t.Fatal(err)
				}
				got, err := lineOf(&m, PrefixLogger)
				if want := string(recorder.GetSent()[0].Raw); err != nil || got != want {
					t.Errorf("%s %d at %v: got %q, %v; the client writes %q", typ, value, rate, got, err, want)
				}
			}
		}
	}
}
