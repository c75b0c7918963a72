package archivesink_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

var byType = archivesink.Partition{Column: "type", Value: (*envelope.Message).Type}

func TestPartitionColumn(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"plain", "timer", "timer"},
		{"missing", "", "__HIVE_DEFAULT_PARTITION__"},
		{"up", "../../../etc/passwd", "..%2F..%2F..%2Fetc%2Fpasswd"},
		{"dots", "..", ".."},
		{"newline", "a\nb\r\x00", "a%0Ab%0D%00"},
		{"what separates", "a=b,c;d e%2F", "a%3Db%2Cc%3Bd%20e%252F"},
		{"Hive's list", "\x01\x1f\"#%'*/:=?\\\x7f{[]^", "%01%1F%22%23%25%27%2A%2F%3A%3D%3F%5C%7F%7B%5B%5D%5E"},
		{"glob", "*?[a]", "%2A%3F%5Ba%5D"},
		{"other alphabets", "Größe", "Größe"},
		{"bidi override", "a\u202eb", "__OTHER__"},
		{"line separator", "a\u2028b", "__OTHER__"},
		{"long", strings.Repeat("x", 97), "__OTHER__"},
		{"long once escaped", strings.Repeat("/", 40), "__OTHER__"},
		{"longest", strings.Repeat("x", 96), strings.Repeat("x", 96)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, &archivesink.Options{Partition: byType})
			send(t, s, message(t, c.value, "1", noon))
			shutdown(t, s)
			names := files(t, dir, false)
			if want := "dt=2026-11-23/hour=12/type=" + c.want + "/part-"; len(names) != 1 || !strings.HasPrefix(names[0], want) {
				t.Fatalf("files %q, want %q", names, want)
			}
			if c.value != "" && c.want != "__OTHER__" {
				if back, err := url.PathUnescape(c.want); err != nil || back != c.value {
					t.Errorf("reads back as %q, %v", back, err)
				}
			}
			expect(t, dir, []string{"1"})
		})
	}
}

func TestPartitionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	partition := byType
	partition.MaxValues = 5
	s := open(t, dir, &archivesink.Options{Partition: partition})
	var batch []envelope.Message
	for i := range 10_000 {
		batch = append(batch, message(t, "t"+strconv.Itoa(i), strconv.Itoa(i), noon))
	}
	send(t, s, batch...)
	send(t, s, message(t, "t3", "10000", noon), message(t, "", "10001", noon)) // both have their place still
	send(t, s, message(t, "next", "10002", noon.Add(time.Hour)))               // counted anew
	shutdown(t, s)
	expect(t, dir, payloads(0, 10_003))
	values, err := os.ReadDir(filepath.Join(dir, "dt=2026-11-23", "hour=12"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range values {
		names = append(names, v.Name())
	}
	if got := strings.Join(names, " "); got != "type=__HIVE_DEFAULT_PARTITION__ type=__OTHER__ type=t0 type=t1 type=t2 type=t3 type=t4" {
		t.Errorf("partitions: %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "dt=2026-11-23", "hour=13", "type=next")); err != nil {
		t.Error(err)
	}
	if got := published(t, filepath.Join(dir, "dt=2026-11-23", "hour=12", "type=__OTHER__")); len(got) != 9995 {
		t.Errorf("%d in __OTHER__", len(got))
	}
}

// A segment with the longest name there can be is sealed by the next start like any other.
func TestLongestNames(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &archivesink.Options{Partition: archivesink.Partition{
		Column: strings.Repeat("c", 32), Value: func(*envelope.Message) string { return strings.Repeat("/", 32) },
	}})
	send(t, s, messages(t, 0, 1)...)
	if err := s.Close(); err == nil {
		t.Error("nothing left")
	}
	shutdown(t, open(t, dir, nil))
	expect(t, dir, payloads(0, 1))
}
