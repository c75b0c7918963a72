package envelope

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// Numbers of few decimals are written in a shorter way than strconv's, which must not be seen.
func TestAppendFloatIsShortest(t *testing.T) {
	check := func(f float64) {
		t.Helper()
		size := math.Abs(f)
		if !(size == 0 || size >= 1e-6 && size < 1e21) {
			return
		}
		want := strconv.FormatFloat(f, 'f', -1, 64)
		if got := string(appendFloat(nil, f)); got != want {
			t.Fatalf("%g: got %s, want %s", f, got, want)
		}
	}
	for _, f := range []float64{
		0, math.Copysign(0, -1), 0.001, 0.0005, 0.0015, 0.1 + 0.2, 19.5, 0.25, 1.005, maxMillis, maxMillis - 0.001, maxMillis - 0.0005,
		math.Nextafter(maxMillis, 0), 1e15, 1<<53 + 2,
	} {
		check(f)
		check(-f)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f := random.Float64() * math.Pow(10, random.Float64()*20-6)
		near := math.Round(f*1000) / 1000
		for _, f := range []float64{f, near, math.Nextafter(near, 0), math.Nextafter(near, math.Inf(1)), math.Float64frombits(random.Uint64())} {
			check(f)
			check(-f)
		}
	}
}
