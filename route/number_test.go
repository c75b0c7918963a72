package route

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func nan() float64 { return math.NaN() }

func TestNumbersAreJSONs(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "-0": true, "10": true, "0.10": true, "1e5": true, "1E+05": true, "1e-5": true, "-12.50e3": true,
		"": false, "-": false, "+1": false, "01": false, "1.": false, ".5": false, "1e": false, "1e+": false, " 1": false,
		"1 ": false, "0x1": false, "NaN": false, "Infinity": false, "1_000": false, "١": false, "1.2.3": false,
	} {
		if _, ok := parseNumber(text); ok != want || ok != (json.Valid([]byte(text)) && strings.TrimSpace(text) == text) {
			t.Errorf("%q: %v", text, ok)
		}
	}
}

func TestNumbersCompareByValue(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, okA := parseNumber(a)
		y, okB := parseNumber(b)
		if !okA || !okB || x.compare(&y) != rational(a).Cmp(rational(b)) || x.compare(&x) != 0 {
			t.Fatalf("%s and %s: %d", a, b, x.compare(&y))
		}
	})
}

// No exponent costs time or memory.
func TestHugeExponents(t *testing.T) {
	small, _ := parseNumber("1e-999999999999999999999")
	large, ok := parseNumber("1e99999999999999999999999")
	one, _ := parseNumber("1")
	if !ok || small.compare(&one) >= 0 || large.compare(&one) <= 0 || large.compare(&small) <= 0 {
		t.Error(small, large)
	}
}
