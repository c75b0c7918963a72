package route

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	_ = flag.Set("rapid.nofailfile", "true")
	if !raceEnabled {
		_ = flag.Set("rapid.checks", "400")
	}
	goleak.VerifyTestMain(m)
}
