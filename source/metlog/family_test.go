package metlog

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestUnnamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		rates, err := ParseRates("http.off=0\nhttp.some=0.000000001")
		if err != nil {
			t.Fatal(err)
		}
		c := start(t, to, &Options{Rates: rates})
		time.Sleep(time.Second)
		begun := c.Family("http.").Start()
		time.Sleep(1500 * time.Microsecond)
		for _, name := range []string{"http.a", "http.off", "http.some"} {
			begun.Stop(c.Timer(name), slog.Int("status", 200))
		}
		Unnamed{}.Stop(c.Timer("http.a"))
		begun.Stop(nil)
		if got := sent(t, c, to); len(got) != 1 || got[0] != "1.5" {
			t.Fatalf("sent %v", got)
		}
		m := to.All()[0]
		name, _ := m.Field("name")
		status, _ := m.Field("status")
		if at, _ := m.Timestamp(); name.String() != "http.a" || status.String() != "200" || !at.Equal(time.Now()) {
			t.Error(m.JSON())
		}
		if a := c.Account(); a.Offered != 2 || a.Dropped["sampled"] != 1 {
			t.Errorf("%+v", a)
		}
	})
}

func TestFamilyOff(t *testing.T) {
	c := start(t, sink.Discard, nil)
	f := c.Family("http.")
	if c.Family("http.") != f {
		t.Error("two handles of one family")
	}
	for _, test := range []struct {
		rates string
		want  bool
	}{
		{"", false},
		{"*=0", true},
		{"http.*=0", true},
		{"ht*=0", true},
		{"*.*=0", true},
		{"http.*=0.1", false},
		{"http.=0", false},
		{"http.?*=0", false},
		{"http.GET *=0", false},
		{"*=0\nstore.*=1", true},
		{"*=0\nhttp=1", true},
		{"*=0\nhttp.GET /=1", false},
		{"*=0\nhttp.client.*=1", false},
		{"*=0\n*.5xx=1", false},
		{"*=1\nhttp.*=0", true},
		{"store.*=0", false},
	} {
		rates, err := ParseRates(test.rates)
		if err != nil {
			t.Fatal(err)
		}
		c.SetRates(rates)
		if f.Off() != test.want {
			t.Errorf("%q: off %v, want %v", test.rates, f.Off(), test.want)
		}
		if other := start(t, sink.Discard, &Options{Rates: rates}); other.Family("http.").Off() != test.want {
			t.Errorf("%q, from the start: off %v, want %v", test.rates, !test.want, test.want)
		}
	}
}
