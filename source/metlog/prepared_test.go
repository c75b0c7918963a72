package metlog

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mozilla-services/metlog-go/sink"
)

// What is told once must not get lost behind what was told just before.
func TestEveryPreparedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told strings.Builder
		c, err := New(sink.Discard, &Options{OnError: func(err error) { fmt.Fprintln(&told, err) }})
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range []string{"first", "second", "third"} {
			c.Prepare(typ, "a", "b").Emit(t.Context(), "", slog.IntValue(1))
			synctest.Wait()
		}
		if err := c.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for _, typ := range []string{"first", "second", "third"} {
			if strings.Count(told.String(), `"`+typ+`"`) != 1 {
				t.Errorf("of %s OnError was told:\n%s", typ, told.String())
			}
		}
	})
}
