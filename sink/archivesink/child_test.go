package archivesink_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// The test binary runs itself as one of these when the variable names it.
const childVariable = "ARCHIVESINK_TEST_CHILD"

var children = map[string]func(){"load": loadChild, "full": fullChild}

func childCommand(t *testing.T, child string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), childVariable+"="+child)
	command.Stderr = os.Stderr
	return command
}

// loadChild is a router that archives as fast as it can and prints each payload once Send has returned nil for it.
func loadChild() {
	dir, prefix := os.Args[1], os.Args[2]
	compress, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	// Small segments, so that a kill finds every step of sealing under way.
	s, err := archivesink.New(dir, &archivesink.Options{SealBytes: 4 << 10, Compress: archivesink.Compression(compress)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for n := 0; ; {
		batch := make([]envelope.Message, 8)
		acknowledgement := make([]byte, 0, 256)
		for i := range batch {
			payload := prefix + "-" + strconv.Itoa(n)
			n++
			m, err := envelope.Draft{Timestamp: noon, Type: "load", Payload: payload}.Seal()
			if err != nil {
				panic(err)
			}
			batch[i] = m.WithMeta(envelope.Meta{Received: noon.Add(time.Duration(n%2) * time.Hour)})
			acknowledgement = append(append(acknowledgement, payload...), '\n')
		}
		if err := s.Send(context.Background(), batch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if _, err := os.Stdout.Write(acknowledgement); err != nil {
			os.Exit(1)
		}
	}
}

// TestKilled kills one of two routers that share a directory, 25 times, sealing in every form. Every message that was
// acknowledged to either must then be in exactly one published file, once.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	survivor := open(t, dir, &archivesink.Options{SealBytes: 16 << 10})
	var acknowledged []string
	for kill := range 25 {
		prefix := "k" + strconv.Itoa(kill)
		child := childCommand(t, "load", dir, prefix, strconv.Itoa(kill%3))
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		// Each is killed after another number of acknowledgements, and goes on for a moment while the pipe is emptied.
		for n := 0; lines.Scan(); n++ {
			acknowledged = append(acknowledged, lines.Text())
			if n == 8+kill*17 {
				batch := messages(t, kill*10, 10)
				send(t, survivor, batch...)
				_ = child.Process.Signal(syscall.SIGKILL)
			}
		}
		if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the child ended by itself: %v", err)
		}
	}
	shutdown(t, survivor)
	shutdown(t, open(t, dir, nil)) // recovers what the last one left
	if left := files(t, dir, true); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	count := make(map[string]int)
	for _, payload := range published(t, dir) {
		count[payload]++
	}
	for _, payload := range append(acknowledged, payloads(0, 250)...) {
		if count[payload] != 1 {
			t.Errorf("acknowledged message %s is there %d times", payload, count[payload])
		}
	}
	for payload, n := range count {
		if n != 1 {
			t.Errorf("message %s is there %d times", payload, n)
		}
	}
	t.Logf("%d messages acknowledged before 25 kills, %d published", len(acknowledged), len(count))
}

// fullChild archives onto a disk that has no room: the kernel cuts its files at a limit, as it does when the disk is full,
// a write short first and then an error. It prints what was acknowledged.
func fullChild() {
	signal.Ignore(syscall.SIGXFSZ)
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "full child:", err)
		os.Exit(1)
	}
	s, err := archivesink.New(os.Args[1], nil)
	if err != nil {
		fail(err)
	}
	var unlimited syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited); err != nil {
		fail(err)
	}
	limit := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: unlimited.Max}); err != nil {
			fail(err)
		}
	}
	n, refused := 0, 0
	try := func(messages int) {
		batch := make([]envelope.Message, messages)
		for i := range batch {
			m, err := envelope.Draft{Timestamp: noon, Type: "full", Payload: strconv.Itoa(n + i)}.Seal()
			if err != nil {
				fail(err)
			}
			batch[i] = m.WithMeta(envelope.Meta{Received: noon})
		}
		if err := s.Send(context.Background(), batch); err != nil {
			refused += messages
		} else {
			for i := range batch {
				fmt.Println(n + i)
			}
		}
		n += messages
	}
	limit(10_000)
	for range 30 {
		try(10) // about 1,300 bytes: some fit, one is cut in the middle, the others fail
	}
	try(1) // a smaller one may fit still
	if a := s.Account(); a.Refused != uint64(refused) || refused < 200 || !a.Balanced() || a.LastError == nil {
		fail(fmt.Errorf("%d messages refused, account: %+v", refused, a))
	}
	limit(unlimited.Cur)
	for range 5 {
		try(10)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		fail(err)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	out, err := childCommand(t, "full", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := strings.Fields(string(out))
	if len(acknowledged) < 100 {
		t.Errorf("only %d messages acknowledged", len(acknowledged))
	}
	expect(t, dir, acknowledged)
}
