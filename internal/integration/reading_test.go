package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// An arrival is a message and when it was received: in which hour, as 2026-11-22T08, or now.
type arrival struct{ hour, text string }

// past is what came long ago. Senders disagree about types, and some mean harm.
func past() (all []arrival) {
	add := func(hour, text string, values ...any) { all = append(all, arrival{hour, fmt.Sprintf(text, values...)}) }
	for n := range 50 {
		add("2026-11-21T23", `{"type":"timer","payload":"%d","fields":{"name":"cart.store"}}`, n)
	}
	for n := range 300 {
		add("2026-11-22T08", `{"type":"timer","timestamp":"2026-11-22T08:15:00Z","payload":"%d","fields":{"name":"cart.store","rate":0.25}}`, n+1)
	}
	for range 100 {
		add("2026-11-22T09", `{"type":"timer","payload":"500","fields":{"name":"cart.store","rate":1}}`)
	}
	add("2026-11-22T10", `{"type":"timer","payload":"9999","fields":{"name":"cart.store"}}`)
	for _, odd := range []string{
		`"payload":"40","fields":{"name":"caf\u00e9","rate":"0.5"}`,
		`"payload":60,"fields":{"name":"café"}`,
		`"payload":"-1.5e1","fields":{"name":"café","rate":""}`,
		`"payload":"7","fields":{"name":"café","rate":1e-1}`,
		`"payload":"7","fields":{"name":"café","rate":2}`,
		`"payload":"7","fields":{"name":"café","rate":"0.` + strings.Repeat("0", 400) + `1"}`,
		`"payload":"7","fields":{"name":"café","rate":1e-400}`,
		`"payload":"soon","fields":{"name":"café"}`, `"payload":"1e999","fields":{"name":"café"}`, `"payload":"","fields":{"name":"café"}`,
		`"payload":{"ms":1},"fields":{"name":"café"}`, `"payload":null,"fields":{"name":"café"}`, `"fields":{"name":"café"}`,
	} {
		add("2026-11-22T08", `{"type":"timer",%s}`, odd)
	}
	for hour, sold := range map[string]string{"08": `"2","fields":{"rate":0.5,`, "09": `"-1","fields":{`, "10": `"4.5","fields":{`} {
		for range 3 {
			add("2026-11-22T"+hour, `{"type":"counter","payload":%s"name":"cart.sold"}}`, sold)
		}
	}
	for _, fields := range []string{
		`{"total":12.50,"address":{"country":"no"},"lines":[{"item":"ink"},{"item":"zinc"}],"headers":{"User-Agent":"curl"}}`,
		`{"total":"7.5","address":{"country":"no"},"lines":[{"item":"pen \u2028 \ud83d\ude00"}],"headers":{"User-Agent":"a\tb"}}`,
		`{"address":{"country":"île"},"total":1,"lines":[],"headers":"none","a.b":[[[1e400]]]}`,
	} {
		add("2026-11-22T09", `{"type":"order","fields":%s}`, fields)
	}
	for n, severity := range []string{"3", `"2"`, "0", "4", `"x"`, "99", "-1", "null", "[3]"} {
		add("2026-11-22T08", `{"type":"oldstyle","timestamp":"2026-11-22T08:0%d:00Z","logger":"shop","severity":%s,"payload":"error %d"}`, n, severity, n)
	}
	for n := range 17 {
		add("2026-11-22T09", `{"type":"late","timestamp":"2026-11-22T08:%dZ"}`, 29+n)
	}
	for range 2 {
		add("2026-11-22T08", `{"type":"twice","payload":"|\u0001 \\\\N"}`)
		add("2026-11-22T09", `{"type":"twice","payload":"|\u0001 \\\\N"}`)
	}
	add("2026-11-22T09", `{"fields":{}}`)
	return all
}

// archivePast writes arrivals as if they were received when they say.
func archivePast(t testing.TB, h *hadoop, all []arrival) {
	t.Helper()
	archive, err := archivesink.New(t.TempDir(), &archivesink.Options{Ship: newHDFS(t, h, "/metlog", hdfssink.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	var batch []envelope.Message
	for _, a := range all {
		received, err := time.Parse("2006-01-02T15", a.hour)
		if err != nil {
			t.Fatal(err)
		}
		m, err := envelope.Parse([]byte(a.text))
		if err != nil {
			t.Fatal(a.text, err)
		}
		meta := m.Meta()
		meta.Received = received
		batch = append(batch, m.WithMeta(meta))
	}
	if err := archive.Send(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(archive.Shutdown(t.Context()), archive.Account().LastError); err != nil {
		t.Fatal(err)
	}
}

var (
	refused     = []string{`{"type":"timer","payload":"later","fields":{"name":"broken"}}`, `{"type":"timer","payload":"soon","fields":{"name":"broken"}}`}
	undecodable = []string{"no envelope", "\xff\xfe"}
)

// archiveLive has a router archive what arrives now, what it cannot deliver and what it cannot read. It returns what
// arrived and who gave up what could not be delivered.
func archiveLive(t testing.TB, h *hadoop) (all []arrival, gaveUp string) {
	t.Helper()
	stats, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stats.Close()
	r := startRouter(t, "-hdfs", h.addr, "-statsd", stats.LocalAddr().String(), "-rules",
		write(t, "rules", "broken: Type == 'timer' -> statsd\nrest: OTHERWISE -> archive\n"))
	peer := dialOld(t, r.zmq)
	for n := range 200 {
		text := fmt.Sprintf(`{"type":"deploy","payload":"v%d","fields":{"hosts":%d}}`, n, n)
		all = append(all, arrival{"now", text})
		peer.send(text)
	}
	for n := range refused {
		peer.send(refused[n], undecodable[n])
		all = append(all, arrival{"now", `{"type":"metlog.deadletter"}`}, arrival{"now", `{"type":"metlog.undecodable"}`})
	}
	eventually(t, r.output.String, func() bool { return r.holds("{", len(all)) })
	output := r.stop()
	if left := visible(t, r.archive); len(left) > 0 {
		t.Fatalf("%q are not in HDFS: %s", left, output)
	}
	return all, "zmq pull " + r.zmq
}

// types counts the arrivals of hours that begin so.
func types(all []arrival, hour string) map[string]int {
	counts := make(map[string]int)
	for _, a := range all {
		var m struct{ Type *string }
		if err := json.Unmarshal([]byte(a.text), &m); err != nil {
			panic(err)
		}
		if m.Type == nil {
			null := "NULL"
			m.Type = &null
		}
		if strings.HasPrefix(a.hour, hour) {
			counts[*m.Type]++
		}
	}
	return counts
}

// What docs/archive.md shows is run as it stands, on what routers archived and shipped. Whatever reads it finds what was
// sent, no more and no less.
func TestReadingTheArchive(t *testing.T) {
	h := startHadoop(t, 1)
	all := past()
	archivePast(t, h, all)
	live, gaveUp := archiveLive(t, h)
	all = append(all, live...)
	dir := t.TempDir()
	h.shell("-get", "/metlog", filepath.Join(dir, "metlog-archive"))

	shown, want := readPage(t), answers(all, gaveUp)
	others := []string{"table", "partition", "repair", "hive-plan", "spark-plan", "duckdb", "duckdb-plan", "count", "mapreduce",
		"gunzip-types", "gunzip-timers", "gunzip-hdfs", "gunzip-deadletters"}
	for name := range shown {
		if want[name] == nil && !slices.Contains(others, name) {
			t.Errorf("%s is shown and not run", name)
		}
	}
	t.Run("with", func(t *testing.T) { // all at once, and h ends after all
		t.Run("Hive", func(t *testing.T) {
			t.Parallel()
			checkTable(t, shown, want, "hive-plan", h.hive)
		})
		t.Run("Spark", func(t *testing.T) {
			t.Parallel()
			checkTable(t, shown, want, "spark-plan", h.spark)
		})
		t.Run("DuckDB", func(t *testing.T) {
			t.Parallel()
			checkDuckDB(t, shown, want, dir)
		})
		t.Run("map-reduce", func(t *testing.T) {
			t.Parallel()
			if err := os.WriteFile(filepath.Join(dir, "count.py"), []byte(shown["count"]), 0o600); err != nil {
				t.Fatal(err)
			}
			var counts []string
			for name, n := range types(all, "2026-11-22") {
				counts = append(counts, fmt.Sprintf("%s\t%d", strings.ReplaceAll(strconv.Quote(name), `"NULL"`, "null"), n))
			}
			same(t, "counts", rows(h.sh(t, dir, shown["mapreduce"])), counts)
		})
		t.Run("gunzip", func(t *testing.T) {
			t.Parallel()
			checkGunzip(t, shown, all, func(name string) []string { return rows(h.sh(t, dir, shown[name])) })
		})
	})
}

// answers are the rows that the page's queries must give.
func answers(all []arrival, gaveUp string) map[string][]string {
	const none = "envelope: not a JSON object at offset 0"
	want := map[string][]string{
		"timers":      {"cart.store\t1300.0\t177.385\t500.0", "café\t17.0\t12.706\t60.0"},
		"counters":    {"08\t12.0", "09\t-3.0", "10\t13.5"},
		"nested":      {"no\t2\t20.0\tpen \u2028 😀\tcurl", "île\t1\t1.0\tNULL\tNULL"},
		"errors":      {"shop\t3\terror 0", "shop\t2\terror 1", "shop\t0\terror 2"},
		"sent":        {"15"},
		"deadletters": {gaveUp + "\t2\trule broken: statsdsink: message ID"},
		"unwrapped":   {"timer\tbroken\tlater", "timer\tbroken\tsoon"},
		"undecodable": {none + "\tNULL\tno envelope", none + "\tbase64\t//4="},
	}
	for name, n := range types(all, "") {
		early := types(all, "2026-11-21")[name]
		if n -= early; n > 0 {
			want["types"] = append(want["types"], fmt.Sprintf("%s\t%d", name, n))
		}
	}
	times := make(map[string]int)
	for _, a := range all {
		if strings.HasPrefix(a.hour, "2026-11-22") {
			times[a.text]++
		}
	}
	for text, n := range times {
		if n > 1 {
			want["repeats"] = append(want["repeats"], fmt.Sprintf("%s\t%d", text, n))
		}
	}
	return want
}

// checkTable makes the table of Hive and Spark and asks all queries.
func checkTable(t *testing.T, shown page, want map[string][]string, plan string, run func(testing.TB, string) string) {
	t.Helper()
	count := "SELECT '#### %s';\nSELECT count(*), sum(CASE WHEN hour = '08' AND dt = '2026-11-22' THEN 1 ELSE 0 END) FROM metlog;\n"
	names := slices.Sorted(maps.Keys(want))
	script := shown.script(t, "table") + fmt.Sprintf(count, "none") + shown.script(t, "partition") + fmt.Sprintf(count, "one") +
		shown.script(t, "repair") + shown.script(t, names...) + shown.script(t, plan)
	got := results(run(t, script))
	for _, name := range names {
		same(t, name, got[name], want[name])
	}
	same(t, "before a partition is known", got["none"], []string{"0\tNULL"})
	if all, eight, _ := strings.Cut(strings.Join(got["one"], ""), "\t"); all != eight || all == "0" {
		t.Errorf("with partition 08 alone: %q", got["one"])
	}
	pruned := strings.Join(got[plan], "\n")
	if !strings.Contains(pruned, "hour=08") || strings.Contains(pruned, "hour=09") {
		t.Errorf("not just hour 08 is read: %s", pruned)
	}
}

func checkDuckDB(t *testing.T, shown page, want map[string][]string, dir string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(want))
	got := results(duckDB(t, dir, shown.script(t, "duckdb")+shown.script(t, names...)+shown.script(t, "duckdb-plan")))
	for _, name := range names {
		same(t, name, got[name], want[name])
	}
	contains(t, "plan", strings.Join(got["duckdb-plan"], "\n"), "Total Files Read: 1 ", "/hour=08/")
}

func checkGunzip(t *testing.T, shown page, all []arrival, run func(name string) []string) {
	t.Helper()
	counted := func(hour string) (want []string) {
		for name, n := range types(all, hour) {
			want = append(want, fmt.Sprintf("%7d %s", n, strings.ReplaceAll(name, "NULL", "null")))
		}
		return want
	}
	same(t, "types", run("gunzip-types"), counted("2026-11-22"))
	same(t, "types in HDFS", run("gunzip-hdfs"), counted("2026-11-22T08"))
	same(t, "dead letters", run("gunzip-deadletters"), refused)
	var milliseconds []string
	for n := range 300 {
		milliseconds = append(milliseconds, strconv.Itoa(n+1))
	}
	same(t, "timers", run("gunzip-timers"), milliseconds)
}

func rows(output string) []string { return strings.Split(strings.TrimSuffix(output, "\n"), "\n") }
