package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A page is what docs/archive.md shows, by the second word after the fence.
type page map[string]string

func readPage(t testing.TB) page {
	t.Helper()
	text, err := os.ReadFile("../../docs/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := make(page)
	for _, block := range regexp.MustCompile("(?ms)^```\\w+ ([\\w-]+)\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		if _, twice := shown[block[1]]; twice {
			t.Errorf("%s is shown twice", block[1])
		}
		shown[block[1]] = block[2]
	}
	return shown
}

// script is what the page shows under names, with its results told apart by a line before each.
func (p page) script(t testing.TB, names ...string) string {
	t.Helper()
	var text strings.Builder
	for _, name := range names {
		if p[name] == "" {
			t.Fatalf("the page shows no %s", name)
		}
		fmt.Fprintf(&text, "SELECT '#### %s';\n%s\n", name, p[name])
	}
	return text.String()
}

// results are the rows below each name.
func results(output string) map[string][]string {
	rows, name := make(map[string][]string), ""
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if next, ok := strings.CutPrefix(line, "#### "); ok {
			name = next
			continue
		}
		rows[name] = append(rows[name], messageID.ReplaceAllString(line, "message ID"))
	}
	return rows
}

var messageID = regexp.MustCompile(`message [0-9a-f]{32}.*`)

// run returns what a program prints, which must succeed.
func run(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if text := stderr.String(); err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(cmd.Path), err, out, text[max(0, len(text)-10_000):])
	}
	return string(out)
}

// write writes a file into the test's own directory and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// spark returns what Spark's own command for SQL prints.
func (h *hadoop) spark(t testing.TB, script string) string {
	t.Helper()
	bin := absolute(t, "testdata/hadoop/venv/bin")
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "spark-sql"), "--master", "local[2]",
		"--conf", "spark.sql.shuffle.partitions=2", "--driver-java-options", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Djava.io.tmpdir="+t.TempDir(),
		"--conf", "spark.ui.enabled=false", "--conf", "spark.driver.bindAddress=127.0.0.1", "-f", write(t, "spark.sql", script))
	cmd.Dir = t.TempDir() // for its metastore
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HADOOP_CONF_DIR="+filepath.Join(h.dir, "conf"),
		"SPARK_LOCAL_IP=127.0.0.1")
	return run(t, cmd)
}

// hive returns what Hive's own command prints. It is all in one process: the metastore is in memory, and queries are
// map-reduce jobs of a local runner.
func (h *hadoop) hive(t testing.TB, script string) string {
	t.Helper()
	h.site("hive/hive-site.xml", map[string]string{
		"javax.jdo.option.ConnectionURL":                "jdbc:derby:memory:metastore;create=true",
		"datanucleus.schema.autoCreateAll":              "true",
		"hive.metastore.schema.verification":            "false",
		"hive.metastore.event.db.notification.api.auth": "false",
		"hive.metastore.warehouse.dir":                  "/hive",
		"hive.execution.engine":                         "mr",
		"mapreduce.framework.name":                      "local",
		"hive.support.concurrency":                      "false",
		"hive.txn.manager":                              "org.apache.hadoop.hive.ql.lockmgr.DummyTxnManager",
		"hive.stats.autogather":                         "false",
		"hive.exec.counters.pull.interval":              "50",
		"mapreduce.client.progressmonitor.pollinterval": "50", "mapreduce.client.completion.pollinterval": "50",
		"hive.scheduled.queries.executor.enabled": "false",
	})
	cmd := h.java("hive", "org.apache.hadoop.hive.cli.CliDriver", "-S", "-f", write(t, "hive.sql", script))
	cmd.Dir = t.TempDir()
	open := ""
	for _, name := range []string{"lang", "lang.invoke", "lang.reflect", "util", "util.concurrent", "util.concurrent.atomic",
		"util.regex", "net", "io", "nio", "text", "time"} {
		open += " --add-opens=java.base/java." + name + "=ALL-UNNAMED"
	}
	cmd.Env = append(os.Environ(), "JDK_JAVA_OPTIONS="+open)
	return run(t, cmd)
}

// duckDB returns the rows of DuckDB, which works in dir.
func duckDB(t testing.TB, dir, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), absolute(t, "testdata/hadoop/venv/bin/python"), absolute(t, "testdata/hadoop/duck.py"))
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(script)
	return run(t, cmd)
}

// sh returns what commands print that run in dir and may be Hadoop's.
func (h *hadoop) sh(t testing.TB, dir, script string) string {
	t.Helper()
	bin := t.TempDir()
	for name, program := range map[string][2]string{
		"hdfs":   {"hdfs", "org.apache.hadoop.fs.FsShell"},
		"mapred": {"mapreduce", "org.apache.hadoop.streaming.HadoopStreaming"},
	} {
		text := fmt.Sprintf("#!/bin/sh\nshift\nexec java '%s' %s \"$@\"\n", strings.Join(h.arguments(program[0]), "' '"), program[1])
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	return run(t, cmd)
}

func absolute(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
