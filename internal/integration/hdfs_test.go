package integration

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// hdfsTimeout is how long stores bear silence where there will be some.
const hdfsTimeout = 2 * time.Second

func newHDFS(t testing.TB, h *hadoop, root string, opts hdfssink.Options) *hdfssink.Store {
	t.Helper()
	s, err := hdfssink.New([]string{h.addr}, root, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reader is a client of the library to look with, as HDFS's own user.
func (h *hadoop) reader(t testing.TB) *hdfs.Client {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c, err := hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{h.addr}, User: me.Username})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// fetch brings a folder here by Hadoop's own client and returns the files that readers of tables see, by name.
func (h *hadoop) fetch(t testing.TB, root string) map[string][]byte {
	t.Helper()
	local := filepath.Join(t.TempDir(), "fetched")
	h.shell("-get", root, local)
	files := make(map[string][]byte)
	for _, name := range visible(t, local) {
		text, err := os.ReadFile(filepath.Join(local, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}

// Everything that was sent to an archive stands in exactly one file of the cluster, byte for byte, also when senders choose
// the names of its folders.
func archiveShipsToHDFS(t *testing.T, h *hadoop) {
	store := newHDFS(t, h, "/archive", hdfssink.Options{User: "metlog"})
	c := h.reader(t)
	if err := c.MkdirAll("/archive", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.Chown("/archive", "metlog", "supergroup"); err != nil {
		t.Fatal(err)
	}
	types := []string{
		"order", "../../../etc/passwd", "a:b/c", "é ü", ".", "..", "_x", "x\x00y\n", "{a,b}*?\\%2F", "", strings.Repeat("t", 300),
	}
	archive, err := archivesink.New(t.TempDir(), &archivesink.Options{
		Ship: store, SealBytes: 2 << 10, Partition: archivesink.Partition{Column: "kind", Value: (*envelope.Message).Type},
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for n := range 500 {
		batch := make([]envelope.Message, 1)
		batch[0], err = envelope.Draft{Timestamp: time.Now(), Type: types[n%len(types)], Payload: fmt.Sprintf("ü %d\n", n)}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, batch[0].JSON())
		if err := archive.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := archive.Account().LastError; err != nil {
		t.Fatal(err)
	}
	files := h.fetch(t, "/archive")
	var lines []string
	for _, file := range files {
		lines = append(lines, gunzipLines(t, file)...)
	}
	same(t, "on HDFS", lines, want)
	if len(files) < 10 {
		t.Errorf("%d files", len(files))
	}
	modes := regexp.MustCompile(`(?m)^(-rw-r-----   3|drwxr-x---   -) metlog supergroup .*(/archive/(_tmp|dt=).*)$`)
	listing := h.shell("-ls", "-R", "/archive")
	if got := len(modes.FindAllString(listing, -1)); got != strings.Count(listing, "/archive/") {
		t.Errorf("modes and owners: %s", listing)
	}
	t.Logf("%d messages in %d files", len(lines), len(files))
}

func gunzip(file []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func gunzipLines(t testing.TB, file []byte) []string {
	t.Helper()
	text, err := gunzip(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// A paced file calls once when half of it has been read.
type paced struct {
	text []byte
	half func()
}

func (p *paced) ReadAt(b []byte, at int64) (int, error) {
	if half := p.half; half != nil && at >= int64(len(p.text)/2) {
		p.half = nil
		half()
	}
	return bytes.NewReader(p.text).ReadAt(b, at)
}

// writtenTo returns the datanode to which this process has a connection, the first of the pipeline.
func (h *hadoop) writtenTo() (n int) {
	h.t.Helper()
	sockets := make(map[string]bool)
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, fd := range fds {
		link, _ := os.Readlink(fd)
		sockets[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		for i, s := range h.servers {
			if i == 0 || s == nil {
				continue
			}
			var port int
			if _, err := fmt.Sscanf(s.addr, "127.0.0.1:%d", &port); err != nil {
				h.t.Fatal(err)
			}
			if sockets[f[9]] && f[3] == "01" && f[2] == fmt.Sprintf("0100007F:%04X", port) {
				return i
			}
		}
	}
	h.t.Fatal("no datanode is written to")
	return 0
}

func (h *hadoop) another(than int) int { return than%(len(h.servers)-1) + 1 }

// A hadoopFault befalls a cluster, of which this process is writing to the first datanode.
type hadoopFault struct {
	name  string
	do    func(first int) (undo func())
	stays bool // until the next Put has succeeded
}

func (h *hadoop) faults() []hadoopFault {
	return []hadoopFault{
		{"nothing", func(int) func() { return func() {} }, false},
		{"first datanode stopped", func(first int) func() { h.stop(first); return func() { h.cont(first) } }, false},
		{"later datanode stopped", func(first int) func() {
			later := h.another(first)
			h.stop(later)
			return func() { h.cont(later) }
		}, false},
		{"first datanode killed", func(first int) func() { h.kill(first); return func() { h.restart(first) } }, false},
		{"later datanode killed", func(first int) func() {
			later := h.another(first)
			h.kill(later)
			return func() { h.restart(later) }
		}, true},
		{"namenode stopped", func(int) func() { h.stop(0); return func() { h.cont(0) } }, false},
		{"namenode killed", func(int) func() { h.kill(0); return func() { h.restart(0) } }, false},
	}
}

// What befalls a cluster while half of a file is written. Put ends in time; the file is there whole or not at all; and when
// all is well again the next Put succeeds.
func hdfsFaults(t *testing.T, h *hadoop) {
	store := newHDFS(t, h, "/faults", hdfssink.Options{BlockSize: 4 << 20, Timeout: hdfsTimeout})
	text := make([]byte, 10<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(text)
	for _, fault := range h.faults() {
		t.Run(fault.name, func(t *testing.T) {
			name := strings.ReplaceAll(fault.name, " ", "-")
			var undo func()
			file := &paced{text: text, half: func() { undo = fault.do(h.writtenTo()) }}
			began := time.Now()
			err := store.Put(t.Context(), name, file, int64(len(text)))
			took := time.Since(began)
			t.Logf("Put after %v: %v", took.Round(time.Millisecond), err)
			if took > 10*hdfsTimeout {
				t.Errorf("Put took %v", took)
			}
			if undo == nil {
				t.Fatal("half of the file was never read")
			}
			if !fault.stays {
				undo()
			}
			c := h.reader(t)
			if info, statErr := c.Stat("/faults/" + name); err == nil && statErr != nil ||
				statErr == nil && info.Size() != int64(len(text)) {
				t.Errorf("there is %v, %v", info, statErr)
			}
			for again := time.Now(); err != nil; time.Sleep(100 * time.Millisecond) {
				if time.Since(again) > 90*time.Second {
					t.Fatal("not within 90 s:", err)
				}
				if err = store.Put(t.Context(), name, file, int64(len(text))); err == nil {
					t.Logf("well again after %v", time.Since(again).Round(time.Millisecond))
				}
			}
			if fault.stays {
				undo()
			}
			if got, err := c.ReadFile("/faults/" + name); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	if err := store.Put(t.Context(), "last", bytes.NewReader(nil), 0); err != nil { // which clears up
		t.Error(err)
	}
	if left := h.shell("-ls", "/faults/_tmp"); left != "" {
		t.Errorf("left over: %s", left)
	}
}

// What the cluster refuses is an error that says why, and nothing is published.
func hdfsRefusals(t *testing.T, h *hadoop) {
	c := h.reader(t)
	file := strings.NewReader("text")
	t.Run("permission", func(t *testing.T) {
		if err := c.MkdirAll("/secret", 0o750); err != nil {
			t.Fatal(err)
		}
		err := newHDFS(t, h, "/secret", hdfssink.Options{User: "stranger"}).Put(t.Context(), "dt=1/part", file, 4)
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "user stranger") || !strings.Contains(err.Error(), "/secret") {
			t.Error(err)
		}
		t.Log(err)
	})
	t.Run("safe mode", func(t *testing.T) {
		admin := func(do string) {
			t.Helper()
			if out, err := h.java("hdfs", "org.apache.hadoop.hdfs.tools.DFSAdmin", "-safemode", do).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		store := newHDFS(t, h, "/safe", hdfssink.Options{})
		admin("enter")
		err := store.Put(t.Context(), "part", file, 4)
		if err == nil || !strings.Contains(err.Error(), "safe mode") {
			t.Error(err)
		}
		t.Log(err)
		admin("leave")
		if err := store.Put(t.Context(), "part", file, 4); err != nil {
			t.Error(err)
		}
	})
	t.Run("erasure coding", func(t *testing.T) { hdfsErasureCoding(t, h, c) })
	t.Run("another file is there", func(t *testing.T) {
		store := newHDFS(t, h, "/there", hdfssink.Options{})
		if err := store.Put(t.Context(), "part", strings.NewReader("other"), 5); err != nil {
			t.Fatal(err)
		}
		err := store.Put(t.Context(), "part", file, 4)
		if text, _ := c.ReadFile("/there/part"); !errors.Is(err, fs.ErrExist) || string(text) != "other" {
			t.Errorf("%v, there is %q", err, text)
		}
	})
	t.Run("no datanode", func(t *testing.T) { hdfsNoDatanode(t, h, c) })
}

// A directory whose files the library cannot write takes none.
func hdfsErasureCoding(t *testing.T, h *hadoop, c *hdfs.Client) {
	if err := c.MkdirAll("/coded", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-enablePolicy", "-policy", "XOR-2-1-1024k"}, {"-setPolicy", "-path", "/coded", "-policy", "XOR-2-1-1024k"}} {
		if out, err := h.java("hdfs", "org.apache.hadoop.hdfs.tools.ECAdmin", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	err := newHDFS(t, h, "/coded", hdfssink.Options{}).Put(t.Context(), "part", strings.NewReader("text"), 4)
	if err == nil || !strings.Contains(err.Error(), "erasure coded") {
		t.Error(err)
	}
	t.Log(err)
	if got := h.shell("-find", "/coded", "-name", "part"); got != "" {
		t.Errorf("there is %s", got)
	}
}

// With all datanodes dead, Put says so once the namenode knows.
func hdfsNoDatanode(t *testing.T, h *hadoop, c *hdfs.Client) {
	for n := range h.servers[1:] {
		h.kill(n + 1)
	}
	store := newHDFS(t, h, "/none", hdfssink.Options{})
	var err error
	for range 300 { // until the namenode knows
		if err = store.Put(t.Context(), "part", strings.NewReader("text"), 4); err == nil || strings.Contains(err.Error(), "datanode(s) running") {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err == nil || !strings.Contains(err.Error(), "datanode(s) running") {
		t.Error(err)
	}
	t.Log(err)
	if _, err := c.Stat("/none/part"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestHDFS(t *testing.T) {
	h := startHadoop(t, 3)
	t.Run("archive", func(t *testing.T) { archiveShipsToHDFS(t, h) })
	t.Run("card", func(t *testing.T) { wholeCard(t, h) })
	t.Run("faults", func(t *testing.T) { hdfsFaults(t, h) })
	t.Run("refusals", func(t *testing.T) { hdfsRefusals(t, h) })
	noGoroutines(t)
}

// noGoroutines waits until what the libraries have started has ended.
func noGoroutines(t *testing.T) {
	t.Helper()
	eventually(t, func() string { return "the libraries have ended what they started:\n" + foreignGoroutines() },
		func() bool { return foreignGoroutines() == "" })
}

// foreignGoroutines returns the stacks of goroutines that the libraries for HDFS and Kerberos have started.
func foreignGoroutines() string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 2)
	var of []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, "created by github.com/colinmarc/") || strings.Contains(stack, "created by github.com/jcmturner/") {
			of = append(of, stack)
		}
	}
	return strings.Join(of, "\n\n")
}
