package zerologsource

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		endingChild(child)
		return
	}
	goleak.VerifyTestMain(m)
}

// A bench is a Writer and what comes out at the other end.
type bench struct {
	*bridgetest.Bench
	*Writer
}

func newBench(t *testing.T, o *Options) *bench {
	t.Helper()
	b := bridgetest.New(t)
	return &bench{b, New(b.Client, o)}
}

// set gives one of zerolog's variables another value until the test ends.
func set[T any](t *testing.T, variable *T, value T) {
	before := *variable
	*variable = value
	t.Cleanup(func() { *variable = before })
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC)

func logger(b *bench) *zerolog.Logger {
	l := zerolog.New(b.Writer)
	return &l
}
