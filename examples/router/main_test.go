package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

// The last sentence says what was lost, where the archive is, and how much of it is not there yet.
func TestConclude(t *testing.T) {
	for _, test := range []struct {
		name      string
		hdfs      string
		unshipped int
		dropped   uint64
		want      string
	}{
		{"here", "", 2, 0, "Every message is accounted for. The archive is DIR/dt=*/hour=*"},
		{"dropped", "", 0, 3, "The books balance, but 3 messages were dropped: see there. The archive is DIR/dt=*/hour=*"},
		{"all in HDFS", "nn:8020", 0, 0, "Every message is accounted for. The archive is /metlog/dt=*/hour=* in HDFS"},
		{"not all in HDFS", "nn:8020", 2, 0, "Every message is accounted for. The archive is /metlog/dt=*/hour=* in HDFS. Files that " +
			"HDFS has not taken: 2, in DIR/dt=*/hour=*; a router with the same -archive and -hdfs ships them"},
		{"nor are all messages", "nn:8020", 1, 1, "The books balance, but 1 messages were dropped: see there. The archive is /metlog/dt=*/hour=* in HDFS. " +
			"Files that HDFS has not taken: 1, in DIR/dt=*/hour=*; a router with the same -archive and -hdfs ships them"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &config{archive: filepath.Join(t.TempDir(), "odd[dir]")}
			c.hdfs.namenodes, c.hdfs.root = test.hdfs, "/metlog"
			for n := range test.unshipped {
				hour := filepath.Join(c.archive, "dt=2026-11-23", fmt.Sprintf("hour=%02d", n))
				if err := os.MkdirAll(hour, 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(hour, "part-1.jsonl.gz"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			source := &account{Dropped: map[string]uint64{"deadletter": 7, "queue full": test.dropped}}
			want := strings.ReplaceAll(test.want, "DIR", c.archive) + "\n"
			if got := conclude(c, []sink.Accounter{source}); got != want {
				t.Errorf("got  %swant %s", got, want)
			}
		})
	}
}

// A clinging part does not end before it must.
type clinging struct{ background }

func (c *clinging) Shutdown(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestDrainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := drain(ledger.New(&background{name: "archive"})); err != nil {
			t.Error(err)
		}
		err := drain(ledger.New(&clinging{background{name: "archive"}}))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "20s were not enough to drain: archive: ") {
			t.Error(err)
		}
	})
}
