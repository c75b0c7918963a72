package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A router whose HDFS is away keeps what it would ship, and says so: when it tries, why not, and at the end how much.
func TestHDFSAway(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "archive")
	flags := []string{"-hdfs", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "-hdfs-root", "/away"}
	for n := 1; n <= 2; n++ {
		r := startRouterOn(t, archive, flags...)
		if n > 1 {
			eventually(t, r.output.String, func() bool { return strings.Contains(r.output.String(), "connection refused") })
		}
		dialOld(t, r.zmq).send(`{"type":"order"}`)
		eventually(t, r.output.String, func() bool { return r.holds("order", n) })
		report := r.stop()
		contains(t, "report", report, "last error of archive", "connection refused", "Every message is accounted for.",
			fmt.Sprintf("Files that HDFS has not taken: %d, in %s", n, archive))
	}
}
