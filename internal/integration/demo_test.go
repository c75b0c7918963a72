package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The demonstration needs nothing but an empty directory. Its table and its account are what a newcomer sees first.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	var output lockedBuffer
	cmd := exec.Command(routerBinary, "-demo", "-zmq", fmt.Sprintf("tcp://127.0.0.1:%d", port), "-udp", fmt.Sprintf("127.0.0.1:%d", port))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &output, &output
	start(t, cmd)
	eventually(t, output.String, func() bool { return strings.Count(output.String(), "letters dropped | held") == 2 })
	interrupt(t, cmd, &output)

	text := output.String()
	for _, row := range []string{
		`^A shop .* Ctrl-C ends it\.$`,
		`^a second \| in all: done refused letters dropped \| held now  \d\d:\d\d:\d\d$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +0  zmq pull tcp://127\.0\.0\.1:\d+$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +0  udp 127\.0\.0\.1:\d+$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +0  rule stats -> statsd udp://127\.0\.0\.1:\d+$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +0  statsd udp://127\.0\.0\.1:\d+$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +\d+  rule archive -> archive metlog-archive$`,
		`^ +[1-9]\d* \| +[1-9]\d* +0 +\d +0 \| +\d+  archive metlog-archive$`,
		`^a stand-in for statsd got [1-9]\d* lines, the last "shop\.[a-z.]+:\d+\|(c|ms|g)"$`,
		`^ +offered +done.* dropped$`,
		`^Every message is accounted for\. .* metlog-archive/`,
	} {
		if !regexp.MustCompile("(?m)" + row).MatchString(text) {
			t.Errorf("no line like %s", row)
		}
	}
	zmq, udp := account(t, text, "zmq pull"), account(t, text, "udp ")
	stats, archive := account(t, text, "statsd "), account(t, text, "archive ")
	if taken := zmq.done + udp.done; taken < 100 || taken != stats.done+archive.done {
		t.Errorf("%d taken, %d to statsd and %d archived", taken, stats.done, archive.done)
	}
	if r := (&router{t: t, archive: filepath.Join(dir, "metlog-archive")}); len(r.lines()) != archive.done {
		t.Errorf("%d lines archived, not %d", len(r.lines()), archive.done)
	}
	if t.Failed() {
		t.Log("\n" + text)
	}
}

// A router that cannot start says why, and by its exit status whether its flags or the world are to blame.
func TestExitStatus(t *testing.T) {
	taken := startRouter(t)
	dialOld(t, taken.zmq)
	rules := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(rules, []byte("a: TRUE -> statsd"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		flags  []string
		status int
		says   string
	}{
		{"help", []string{"-h"}, 0, "-zmq-sub ENDPOINT"},
		{"no such flag", []string{"-zqm"}, 2, "-zqm"},
		{"no such compression", []string{"-compress", "lz4"}, 2, "-compress"},
		{"beyond loopback", []string{"-udp", "0.0.0.0:0"}, 1, `"0.0.0.0:0"`},
		{"rules for a sink that is not there", []string{"-rules", rules}, 1, rules + ": route: rules line 1: "},
		{"an endpoint that is taken", []string{"-zmq", taken.zmq}, 1, taken.zmq + ": address already in use"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command(routerBinary, test.flags...)
			cmd.Dir = t.TempDir()
			said, _ := cmd.CombinedOutput()
			if status := cmd.ProcessState.ExitCode(); status != test.status || !strings.Contains(string(said), test.says) {
				t.Errorf("exit status %d, not %d\n%s", status, test.status, said)
			}
		})
	}
}

// The tour's router has its addresses in the source. It is built here with addresses that are free; what leads to ArcSight,
// Sentry and HDFS is proved with examples/router.
func TestTour(t *testing.T) {
	stats := startStatsd(t)
	source, err := filepath.Abs("../../examples/tour/router/main.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &router{t: t, archive: filepath.Join(dir, "metlog-archive")}
	r.udp = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	r.zmq = "tcp://" + r.udp
	for from, to := range map[string]string{`"127.0.0.1:8125"`: stats.addr, `"127.0.0.1:5565"`: r.udp, `"tcp://127.0.0.1:5565"`: r.zmq} {
		if n := strings.Count(string(text), from); n != 1 {
			t.Fatalf("the tour has %s %d times", from, n)
		}
		text = []byte(strings.ReplaceAll(string(text), from, `"`+to+`"`))
	}
	changed, overlay, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "tour")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{changed: text, overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", binary, ".")
	build.Dir = filepath.Dir(source)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}

	r.cmd = exec.Command(binary)
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = dir, &r.output, &r.output
	r.cmd.Env = append(os.Environ(), "SENTRY_DSN=http://key@127.0.0.1:1/1") // nothing is sent there, to ArcSight or to HDFS
	start(t, r.cmd)
	dialOld(t, r.zmq).send(
		`{"type":"counter","logger":"shop","payload":"2","fields":{"name":"hits"}}`,
		`{"type":"timer","logger":"shop","payload":"text","fields":{"name":"views"}}`, // no number: a dead letter
		`{"type":"order","logger":"shop","payload":"paid"}`,
		`{"type":"order","logger":"shop","pay`,
	)
	eventually(t, func() string { return "all is where it belongs\n" + r.output.String() }, func() bool {
		return stats.counters()["shop.hits"] == 2 && r.holds(`{`, 3)
	})
	interrupt(t, r.cmd, &r.output)
	for _, part := range []string{`"paid"`, `"metlog.deadletter"`, `"metlog.undecodable"`} {
		if !r.holds(part, 1) {
			t.Errorf("nothing archived with %s", part)
		}
	}
	if a := account(t, r.output.String(), "zmq pull"); a.offered != 4 || a.dropped["deadletter"] != 1 {
		t.Errorf("the account says\n%s", r.output.String())
	}
}

// interrupt ends a program as Ctrl-C does; it must end well.
func interrupt(t *testing.T, cmd *exec.Cmd, output *lockedBuffer) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
}
