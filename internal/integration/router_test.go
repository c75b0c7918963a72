package integration

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var routerBinary string

func TestMain(m *testing.M) {
	if os.Getenv(shipperVariable) != "" {
		ship()
		return
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "metlog-integration")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		routerBinary = filepath.Join(dir, "router")
		build := exec.Command("go", "build", "-race", "-o", routerBinary, "./examples/router")
		build.Dir, build.Stdout, build.Stderr = "../..", os.Stdout, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "examples/router does not build:", err)
			return 1
		}
		return m.Run()
	}())
}

// A router is examples/router as a process, with an archive of its own.
type router struct {
	t        testing.TB
	cmd      *exec.Cmd
	archive  string
	zmq, sub string // bound PULL and SUB
	udp      string
	output   lockedBuffer
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func startRouter(t testing.TB, flags ...string) *router {
	t.Helper()
	return startRouterOn(t, filepath.Join(t.TempDir(), "archive"), flags...)
}

func startRouterOn(t testing.TB, archive string, flags ...string) *router {
	t.Helper()
	r := &router{t: t, archive: archive}
	r.zmq, r.sub = fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t)), fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	r.udp = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	flags = append([]string{"-zmq", r.zmq, "-zmq-sub", r.sub, "-udp", r.udp, "-archive", r.archive, "-quiet"}, flags...)
	r.cmd = exec.Command(routerBinary, flags...)
	r.cmd.Stdout, r.cmd.Stderr = &r.output, &r.output
	start(t, r.cmd)
	return r
}

// stop ends the router as an operator would and returns what it printed. Its exit status says that the books balance.
func (r *router) stop() string {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Fatalf("router: %v\n%s", err, r.output.String())
	}
	return r.output.String()
}

// kill ends the router as a power cut would, all but the kernel's own memory.
func (r *router) kill() {
	r.t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	_ = r.cmd.Wait()
}

// open returns the names of the archive's segments.
func (r *router) open() (names []string) {
	r.t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.archive, "_open"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// lines returns every whole line of the archive, sealed or not.
func (r *router) lines() (lines []string) {
	r.t.Helper()
	err := filepath.WalkDir(r.archive, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), "_tmp-") {
			return nil // it may have been sealed since the folder was read
		}
		file, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer file.Close()
		var text io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			if text, err = gzip.NewReader(file); err != nil {
				return err
			}
		}
		all, err := io.ReadAll(text)
		for line := range strings.Lines(string(all)) {
			if whole, ok := strings.CutSuffix(line, "\n"); ok {
				lines = append(lines, whole)
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return lines
}

// holds reports whether the archive holds at least n lines that contain text.
func (r *router) holds(text string, n int) bool {
	for _, line := range r.lines() {
		if strings.Contains(line, text) {
			n--
		}
	}
	return n <= 0
}

// expect waits until the archive holds want, in any order, ends the router, and fails if it holds anything else, besides
// greetings of publishers.
func (r *router) expect(want []string) {
	r.t.Helper()
	eventually(r.t, func() string {
		return fmt.Sprintf("%d lines archived (%d are)\n%s", len(want), len(r.lines()), r.output.String())
	}, func() bool { return r.holds(`{`, len(want)) })
	r.stop()
	same(r.t, "archived", slices.DeleteFunc(r.lines(), func(line string) bool { return line == hello }), want)
}
