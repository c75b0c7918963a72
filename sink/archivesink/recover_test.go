package archivesink_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

const partName = "part-host-0123456789abcdef-000001.jsonl.gz"

// write makes a file, and the directories it lies in.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecover(t *testing.T) {
	const segment = "_open/dt=2026-11-23,hour=12," + partName + ".open"
	const final = "dt=2026-11-23/hour=12/" + partName
	long := strings.Repeat(`{"payload":"x"}`+"\n", 10_000) // longer than the block that is looked through at a time
	for _, c := range []struct {
		name   string
		before map[string]string
		want   string // text of final; empty: not there
		after  []string
	}{
		{"whole", map[string]string{segment: "{\"a\":1}\n{\"a\":2}\n"}, "{\"a\":1}\n{\"a\":2}\n", nil},
		{"torn tail", map[string]string{segment: "{\"a\":1}\n{\"a\":2"}, "{\"a\":1}\n", nil},
		{"long torn tail", map[string]string{segment: long + strings.Repeat("x", 200_000)}, long, nil},
		{"nothing but a torn tail", map[string]string{segment: "{\"a\":"}, "", nil},
		{"empty", map[string]string{segment: ""}, "", nil},
		{"half a sealed file", map[string]string{segment: "{\"a\":1}\n", "_open/_tmp-" + filepath.Base(segment): "garbage"}, "{\"a\":1}\n", nil},
		{"stale half of a sealed file", map[string]string{"_open/_tmp-" + filepath.Base(segment): "garbage"}, "", nil},
		{
			"foreign files stay", map[string]string{
				"_open/notes": "1", "_open/..,..,part-x.jsonl.open": "{}\n", "_open/dt=1,hour=2,..,part-x.jsonl.open": "{}\n",
				"_open/dt=1,hour=2,part-x.exe.open": "{}\n", "README": "mine",
			}, "",
			[]string{"README", "_open/..,..,part-x.jsonl.open", "_open/dt=1,hour=2,..,part-x.jsonl.open", "_open/dt=1,hour=2,part-x.exe.open", "_open/notes"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.before {
				write(t, filepath.Join(dir, name), text)
			}
			shutdown(t, open(t, dir, &archivesink.Options{Compress: archivesink.Plain})) // the name decides, not the option
			file, err := os.ReadFile(filepath.Join(dir, final))
			got := ""
			if err == nil {
				got = unpack(t, final, file)
				c.after = append(c.after, final)
			}
			if got != c.want {
				t.Errorf("published %d bytes %.100q, want %d bytes %.100q", len(got), got, len(c.want), c.want)
			}
			left := slices.Sorted(slices.Values(append(files(t, dir, true), files(t, dir, false)...)))
			slices.Sort(c.after)
			if !slices.Equal(left, c.after) {
				t.Errorf("files %v, want %v", left, c.after)
			}
		})
	}
}

// A process that is killed between the rename and the removal leaves both; the segment goes and the file stays as it is.
func TestRecoverPublished(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	send(t, s, messages(t, 0, 10)...)
	segment := files(t, dir, true)[0]
	lines, err := os.ReadFile(filepath.Join(dir, segment))
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, s)
	final := files(t, dir, false)[0]
	before := pack(t, lines) // by another version, say
	write(t, filepath.Join(dir, final), string(before))
	write(t, filepath.Join(dir, segment), string(lines))
	var hdfs store
	shutdown(t, open(t, dir, nil))
	after, err := os.ReadFile(filepath.Join(dir, final))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the sealed file changed: %v", err)
	}
	expect(t, dir, payloads(0, 10))
	if left := files(t, dir, true); left != nil {
		t.Errorf("left over: %v", left)
	}
	shutdown(t, open(t, dir, &archivesink.Options{Ship: &hdfs}))
	hdfs.expect(t, payloads(0, 10))
}

func pack(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.HuffmanOnly)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A segment that another router holds is not touched, nor shipped before it is gone.
func TestRecoverLeavesLocked(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, nil)
	send(t, first, messages(t, 0, 5)...)
	segment := files(t, dir, true)[0]
	published := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(segment, "_open/"), ".open"), ",", "/")
	write(t, filepath.Join(dir, published), "sealed by a router that has not come to remove its segment")
	var hdfs store
	shutdown(t, open(t, dir, &archivesink.Options{Ship: &hdfs}))
	if len(hdfs.attempts()) != 0 {
		t.Error("a file was shipped whose segment is there")
	}
	if err := os.Remove(filepath.Join(dir, published)); err != nil {
		t.Fatal(err)
	}
	send(t, first, messages(t, 5, 5)...)
	shutdown(t, first)
	expect(t, dir, payloads(0, 10))
}
