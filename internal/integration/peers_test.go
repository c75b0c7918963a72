package integration

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freePort returns a TCP and UDP port of 127.0.0.1 that nobody uses.
func freePort(t testing.TB) int {
	t.Helper()
	for range 50 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		conn, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		listener.Close()
		if err == nil {
			conn.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// eventually calls done until it is true; it fails the test with what() after a while.
func eventually(t testing.TB, what func() string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what())
		}
	}
}

// start starts a program that the test's end kills, with its output in the test's log. One that was built with the race
// detector fails when it ends after a race, and does not wait a second first.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if cmd.Stdout == nil {
		cmd.Stdout = t.Output()
	}
	if cmd.Stderr == nil {
		cmd.Stderr = t.Output()
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // a test that times out cleans nothing up
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// A client is a process that sends frames over ZeroMQ.
type client struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

func python(t testing.TB, kind, endpoint string) *client {
	return newClient(t, exec.Command("/usr/bin/python3", "testdata/client.py", kind, endpoint))
}

func node(t testing.TB, kind, endpoint string) *client {
	cmd := exec.Command("node", "testdata/client.cjs", kind, endpoint)
	modules, err := filepath.Abs("testdata/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	return newClient(t, cmd)
}

func newClient(t testing.TB, cmd *exec.Cmd) *client {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	return &client{t, cmd, stdin}
}

// send gives the client frames to send.
func (c *client) send(frames ...string) {
	c.t.Helper()
	for _, frame := range frames {
		if _, err := fmt.Fprintln(c.stdin, base64.StdEncoding.EncodeToString([]byte(frame))); err != nil {
			c.t.Fatal(err)
		}
	}
}

// close waits until the client has sent everything and ended.
func (c *client) close() {
	c.t.Helper()
	fmt.Fprintln(c.stdin)
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatal("client:", err)
	}
}

// A statsd is the real one, from npm.
type statsd struct {
	t          testing.TB
	addr, mgmt string
}

func startStatsd(t testing.TB) *statsd {
	t.Helper()
	return startStatsdWith(t, "./servers/udp")
}

func startStatsdTCP(t testing.TB) *statsd {
	t.Helper()
	return startStatsdWith(t, "./servers/tcp")
}

func startStatsdWith(t testing.TB, server string) *statsd {
	t.Helper()
	port, mgmt := freePort(t), freePort(t)
	config := filepath.Join(t.TempDir(), "statsd.js")
	text := fmt.Sprintf(`{server:%q,port:%d,address:"127.0.0.1",mgmt_address:"127.0.0.1",mgmt_port:%d,backends:[],flushInterval:3600000}`, server, port, mgmt)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command("node", "testdata/node_modules/statsd/stats.js", config))
	s := &statsd{t, fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", mgmt)}
	eventually(t, func() string { return "statsd answers at its management port" }, func() bool {
		conn, err := net.Dial("tcp", s.mgmt)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return s
}

// read returns what statsd answers to a management command, such as counters, without the closing END.
func (s *statsd) read(command string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.mgmt)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, command)
	var answer strings.Builder
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != "END"; {
		fmt.Fprintln(&answer, lines.Text())
	}
	return answer.String()
}

var statLine = regexp.MustCompile(`'?([^'{,\s]+)'?: (?:\[([^]]*)\]|(-?[0-9.e+-]+))`)

// values returns what statsd has of one kind, such as timers: by name the values, one but for timers.
func (s *statsd) values(command string) map[string][]float64 {
	s.t.Helper()
	all := make(map[string][]float64)
	for _, pair := range statLine.FindAllStringSubmatch(s.read(command), -1) {
		for number := range strings.SplitSeq(pair[2]+pair[3], ",") {
			n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			if err != nil {
				s.t.Fatalf("statsd says %q", pair[0])
			}
			all[pair[1]] = append(all[pair[1]], n)
		}
	}
	return all
}

// counters returns statsd's counters, its own among them.
func (s *statsd) counters() map[string]float64 {
	s.t.Helper()
	all := make(map[string]float64)
	for name, values := range s.values("counters") {
		all[name] = values[0]
	}
	return all
}
