package metlog

import (
	"testing"

	"github.com/mozilla-services/metlog-go/sink"
)

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
