package sinktest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/sink"
)

// child makes the test binary run one conformance test that fails, so that its parent can read what Run makes of it.
const child = "METLOG_SINKTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	os.Exit(m.Run())
}

func TestRunOfABrokenSink(t *testing.T) {
	if os.Getenv(child) != "" {
		h := leafHarness(func(_ testing.TB, to *endpoint) sink.Sink { return plain{&leaf{to: to}} })
		h.Received, h.Except = nil, map[string]string{"errors": "it is tested elsewhere"}
		Run(t, h)
		return
	}
	run := exec.Command(os.Args[0], "-test.run=^TestRunOfABrokenSink$", "-test.v", "-test.timeout=1m")
	run.Env = append(os.Environ(), child+"=1")
	out, err := run.CombinedOutput()
	if err == nil {
		t.Fatalf("Run of a broken sink passed:\n%s", out)
	}
	for _, want := range []string{
		"--- FAIL: TestRunOfABrokenSink/account",
		"sinktest.plain has no Account\n",
		"rule broken: " + string(ruleAccount),
		"--- PASS: TestRunOfABrokenSink/deliver",
		"sinktest: not checked:\n",
		"errors: excepted: it is tested elsewhere\n",
		"deliver: the harness has no Received",
		"shutdown: the sink has no Shutdown\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	if n := strings.Count(string(out), "--- FAIL: TestRunOfABrokenSink/"); n != 1 {
		t.Errorf("%d checks failed, want 1:\n%s", n, out)
	}
}

func TestHarnessThatIsWrong(t *testing.T) {
	wrap := func(_ testing.TB, next sink.Sink) sink.Sink { return next }
	fan := func(_ testing.TB, first, _ sink.Sink) sink.Sink { return first }
	fresh := func(testing.TB) sink.Sink { return &Recorder{} }
	for _, c := range []struct {
		name    string
		harness Harness
		want    string
	}{
		{"nothing to make", Harness{}, "exactly one"},
		{"two things to make", Harness{New: fresh, Wrap: wrap}, "exactly one"},
		{"Received of a wrapper", Harness{Wrap: wrap, Received: func(testing.TB) []string { return nil }}, "for New"},
		{"asynchronous fan", Harness{Fan: fan, Asynchronous: true}, "Asynchronous"},
		{"unknown check", Harness{New: fresh, Except: map[string]string{"colour": "it is blue"}}, `"colour"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := newKit(c.harness); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one about %s", err, c.want)
			}
		})
	}
}

func TestNoSink(t *testing.T) {
	c := &caught{TB: t}
	k := &kit{Harness: Harness{New: func(testing.TB) sink.Sink { return nil }, Patience: time.Second}}
	do(func() { k.make(c, false) })
	if len(c.failures) != 1 || !strings.Contains(c.failures[0], "no sink") {
		t.Errorf("got failures %q", c.failures)
	}
}

func TestChecksAreNamed(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, c := range checks() {
		if seen[c.name] || strings.ContainsAny(c.name, " /") {
			t.Errorf("check name %q", c.name)
		}
		if !strings.Contains(string(doc), "\n//\t"+c.name+" ") {
			t.Errorf("the package comment does not list %s", c.name)
		}
		seen[c.name] = true
	}
}
