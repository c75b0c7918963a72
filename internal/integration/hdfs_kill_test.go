package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// The test binary runs itself as a router that archives and ships when this is set: to the namenode, the archive's
// directory and a prefix.
const shipperVariable = "METLOG_TEST_SHIPPER"

// ship archives and ships as fast as it can. It prints each payload once Send has returned nil for it.
func ship() {
	args := strings.Split(os.Getenv(shipperVariable), " ")
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "shipper:", err)
			os.Exit(1)
		}
	}
	store, err := hdfssink.New(args[:1], "/killed", &hdfssink.Options{Replication: 1})
	fail(err)
	archive, err := archivesink.New(args[1], &archivesink.Options{Ship: store, SealBytes: 2 << 10})
	fail(err)
	for n := 0; ; n += 8 {
		batch := make([]envelope.Message, 8)
		var acknowledgement []byte
		for i := range batch {
			payload := args[2] + "-" + strconv.Itoa(n+i)
			batch[i], err = envelope.Draft{Timestamp: time.Now(), Type: "load", Payload: payload}.Seal()
			fail(err)
			acknowledgement = append(append(acknowledgement, payload...), '\n')
		}
		fail(archive.Send(context.Background(), batch))
		_, err = os.Stdout.Write(acknowledgement)
		fail(err)
		pause := 2 * time.Millisecond // or it writes more than can be shipped
		if n > 2000 {
			pause = 100 * time.Millisecond
		}
		time.Sleep(pause)
	}
}

// A tap passes on what a process and the namenode say to each other until it ends the process: before a call is passed on,
// or when it is answered and the answer is not.
type tap struct {
	addr string
	end  func()
	kill func()
	moment

	mu      sync.Mutex
	reached bool
}

// A moment is the nth call of a method, or its answer. The zero moment never comes.
type moment struct {
	method   string
	nth      int
	answered bool
}

// startTap starts a tap before namenode; kill is called at that moment.
func startTap(t *testing.T, namenode string, at moment, kill func()) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{addr: l.Addr().String(), kill: kill, moment: at}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(conn, namenode) })
		}
	})
	p.end = sync.OnceFunc(func() {
		_ = l.Close()
		all.Wait() // the process has ended
	})
	t.Cleanup(p.end)
	return p
}

func (p *tap) serve(process net.Conn, address string) {
	defer process.Close()
	namenode, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	defer back.Wait()
	defer namenode.Close()
	back.Go(func() { p.pass(namenode, process, p.isReached) })
	p.pass(process, namenode, p.count)
}

// pass copies until one side ends, or ends the process when stop is true of what it has read.
func (p *tap) pass(from, to net.Conn, stop func([]byte) bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if stop(buf[:n]) {
			p.kill()
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

var methodOf = regexp.MustCompile(`(?s)\n.([A-Za-z0-9]+)\x12.org\.apache\.hadoop\.hdfs`)

// count reports whether a call must not be passed on.
func (p *tap) count(call []byte) bool {
	match := methodOf.FindSubmatch(call)
	if match == nil || string(match[1]) != p.method {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nth--
	p.reached = p.reached || p.nth == 0
	return p.reached && !p.answered
}

func (p *tap) isReached([]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reached
}

// A router is killed before and after each call it makes of the namenode while it ships, and at any moment of sealing.
// Readers of the cluster see whole files only, and in the end every acknowledged message in exactly one.
func TestHDFSKilledRouter(t *testing.T) {
	h := startHadoop(t, 1)
	stop := h.watch(t, "/killed")
	dir := t.TempDir()
	var acknowledged []string
	runs := 0
	run := func(at moment, acknowledgements int) {
		t.Helper()
		cmd := exec.Command(os.Args[0])
		started := make(chan struct{})
		p := startTap(t, h.addr, at, func() {
			<-started
			_ = cmd.Process.Kill()
		})
		defer p.end()
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s run%d", shipperVariable, p.addr, dir, runs))
		runs++
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start(t, cmd)
		close(started)
		lines := bufio.NewScanner(stdout)
		for n := 1; lines.Scan(); n++ {
			acknowledged = append(acknowledged, lines.Text())
			if n == acknowledgements || n == 10_000 {
				p.kill()
			}
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the router ended by itself: %v", err)
		}
		if at.method != "" && !p.isReached(nil) {
			t.Fatalf("the router was killed before %v", at)
		}
	}
	for _, at := range []moment{
		{"mkdirs", 1, false}, {"mkdirs", 1, true}, {"mkdirs", 1, false}, {"mkdirs", 1, true}, // there are two directories
		{"getFileInfo", 1, false}, {"getFileInfo", 1, true}, // of the file
		{"getFileInfo", 2, true}, {"getFileInfo", 3, true}, // of the directories
		{"getServerDefaults", 1, true}, {"create", 1, false}, {"create", 1, true},
		{"getFileInfo", 4, true}, // of the file just created
		{"addBlock", 1, false}, {"addBlock", 1, true},
		{"updateBlockForPipeline", 1, false}, {"updateBlockForPipeline", 1, true}, {"complete", 1, false}, {"complete", 1, true},
		{"getFileInfo", 5, false}, {"getFileInfo", 5, true}, // is it whole?
		{"getFileInfo", 6, true}, {"getFileInfo", 7, true}, // what is there?
		{"rename2", 1, false}, {"rename2", 1, true}, {"getListing", 1, true}, {"create", 2, false}, {"rename2", 3, true},
	} {
		run(at, 0)
	}
	for n := range 12 {
		run(moment{}, 5+n*23)
	}

	acknowledged = append(acknowledged, h.clearUp(t, dir, "/killed")...)
	seen := stop()
	files := h.fetch(t, "/killed")
	published := checkOnce(t, files, acknowledged)
	t.Logf("%d kills, %d messages acknowledged, %d published in %d files, which were read %d times meanwhile",
		runs, len(acknowledged), published, len(files), seen)
}

// checkOnce checks that each payload that was acknowledged, and no payload more than once, stands in the files. It returns
// how many do.
func checkOnce(t *testing.T, files map[string][]byte, acknowledged []string) int {
	t.Helper()
	count := make(map[string]int)
	for _, file := range files {
		for _, line := range gunzipLines(t, file) {
			_, payload, _ := strings.Cut(line, `"payload":"`)
			payload, _, _ = strings.Cut(payload, `"`)
			count[payload]++
		}
	}
	for _, payload := range acknowledged {
		if count[payload] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", payload, count[payload])
		}
	}
	for payload, n := range count {
		if n != 1 {
			t.Errorf("%s is there %d times", payload, n)
		}
	}
	return len(count)
}

// clearUp runs routers that are not killed until nothing is left of those that were, here or there. It returns the payloads
// sent: a router looks for leftovers when it ships.
func (h *hadoop) clearUp(t *testing.T, dir, root string) (sent []string) {
	t.Helper()
	store := newHDFS(t, h, root, hdfssink.Options{Leftover: 4 * time.Second, Replication: 1})
	c := h.reader(t)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		archive, err := archivesink.New(dir, &archivesink.Options{Ship: store})
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, fmt.Sprintf("last-%d", len(sent)))
		m, err := envelope.Draft{Timestamp: time.Now(), Type: "load", Payload: sent[len(sent)-1]}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(archive.Send(t.Context(), []envelope.Message{m}), archive.Shutdown(t.Context())); err != nil {
			t.Fatal(err)
		}
		left, err := c.ReadDir(root + "/_tmp")
		if err != nil {
			t.Fatal(err)
		}
		if len(left)+len(localFiles(t, dir)) == 0 {
			return sent
		}
		if time.Now().After(deadline) {
			t.Fatalf("left here: %q, there: %v: %v", localFiles(t, dir), left, archive.Account().LastError)
		}
	}
}

func localFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// watch reads all that readers see, over and over: each file must be whole when it is first seen. The function returned
// ends it and says how often a file was read.
func (h *hadoop) watch(t *testing.T, root string) (stop func() int) {
	t.Helper()
	c := h.reader(t)
	ended, reads := make(chan struct{}), 0
	sizes := make(map[string]int64)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
			_ = c.Walk(root, func(name string, info os.FileInfo, err error) error {
				if err != nil || slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return strings.HasPrefix(part, "_") }) {
					return nil
				}
				if info.IsDir() {
					return nil
				}
				if size, ok := sizes[name]; ok {
					if size != info.Size() {
						t.Errorf("%s had %d bytes and has %d", name, size, info.Size())
					}
					return nil
				}
				sizes[name] = info.Size()
				reads++
				packed, err := c.ReadFile(name)
				if err == nil {
					_, err = gunzip(packed)
				}
				if err != nil || int64(len(packed)) != info.Size() {
					t.Errorf("%s, %d bytes of %d: %v", name, len(packed), info.Size(), err)
				}
				return nil
			})
		}
	})
	stop = sync.OnceValue(func() int {
		close(ended)
		all.Wait()
		return reads
	})
	t.Cleanup(func() { stop() })
	return stop
}
