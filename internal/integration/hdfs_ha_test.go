package integration

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// A pair is an HDFS with two namenodes that share a journal. One is active when it is told so; nobody decides for them.
type pair struct {
	*hadoop
	addrs [2]string
	nodes [2]*exec.Cmd
}

func startPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{}
	web := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p.hadoop = startHadoop(t, 1, func(h *hadoop) {
		p.addrs = [2]string{h.addr, fmt.Sprintf("127.0.0.1:%d", freePort(t))}
		h.jvm = []string{"-Dnamenode=nn0"}
		h.more = map[string]string{
			"fs.defaultFS":                                    "hdfs://pair",
			"dfs.nameservices":                                "pair",
			"dfs.ha.namenodes.pair":                           "nn0,nn1",
			"dfs.ha.namenode.id":                              "${namenode}",
			"dfs.namenode.rpc-address.pair.nn0":               p.addrs[0],
			"dfs.namenode.rpc-address.pair.nn1":               p.addrs[1],
			"dfs.namenode.http-address.pair.nn0":              h.web,
			"dfs.namenode.http-address.pair.nn1":              web,
			"dfs.namenode.name.dir.pair.nn1":                  "file://" + filepath.Join(h.dir, "name1"),
			"dfs.namenode.shared.edits.dir":                   "file://" + filepath.Join(h.dir, "journal"),
			"dfs.client.failover.proxy.provider.pair":         "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider",
			"ha.failover-controller.cli-check.rpc-timeout.ms": "1000",
		}
	})
	p.nodes[0] = p.servers[0].cmd
	if out, err := p.namenode(1, "-bootstrapStandby", "-nonInteractive").CombinedOutput(); err != nil {
		t.Fatalf("the second namenode: %v\n%s", err, out)
	}
	p.restartNode(1)
	return p
}

func (p *pair) namenode(n int, args ...string) *exec.Cmd {
	p.t.Helper()
	as := *p.hadoop
	as.jvm = []string{fmt.Sprintf("-Dnamenode=nn%d", n)}
	return as.java("hdfs", hadoopNamenode, args...)
}

// restartNode starts a namenode, which stands by.
func (p *pair) restartNode(n int) {
	p.t.Helper()
	var log lockedBuffer
	p.nodes[n] = p.namenode(n)
	p.nodes[n].Stdout, p.nodes[n].Stderr = &log, &log
	start(p.t, p.nodes[n])
	eventually(p.t, log.String, func() bool { return strings.Contains(log.String(), "Starting services required for standby state") })
}

func (p *pair) activate(n int) {
	p.t.Helper()
	eventually(p.t, func() string { return fmt.Sprintf("namenode %d is active", n) }, func() bool {
		out, err := p.java("hdfs", "org.apache.hadoop.hdfs.tools.DFSHAAdmin", "-transitionToActive", "--forceactive", fmt.Sprintf("nn%d", n)).CombinedOutput()
		if err != nil {
			p.t.Logf("activating namenode %d: %v\n%s", n, err, out)
		}
		return err == nil
	})
}

// A Store with two namenodes finds the active one: at first, when it dies in the middle of a file, when it falls silent.
func TestHDFSPair(t *testing.T) {
	p := startPair(t)
	store, err := hdfssink.New(p.addrs[:], "/pair", &hdfssink.Options{Timeout: hdfsTimeout})
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	put := func(name string, half func()) {
		t.Helper()
		file := &paced{text: text, half: half}
		began := time.Now()
		for {
			err := store.Put(t.Context(), name, file, int64(len(text)))
			t.Logf("%s after %v: %v", name, time.Since(began).Round(time.Millisecond), err)
			if err == nil {
				return
			}
			if time.Since(began) > time.Minute {
				t.Fatal("not within a minute")
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	if err := store.Put(t.Context(), "nobody", bytes.NewReader(nil), 0); err == nil || !strings.Contains(err.Error(), "no available namenodes") {
		t.Errorf("with two that stand by: %v", err)
	}
	p.activate(1)
	put("second-active", nil)
	put("killed", func() {
		_ = p.nodes[1].Process.Kill()
		_ = p.nodes[1].Wait()
		p.activate(0)
	})
	p.restartNode(1)
	put("stopped", func() {
		p.stop(0)
		p.activate(1)
	})
	p.kill(0)
	for _, name := range []string{"second-active", "killed", "stopped"} {
		if got := p.shell("-cat", "/pair/"+name); got != string(text) {
			t.Errorf("%s holds %d bytes", name, len(got))
		}
	}
	noGoroutines(t)
	if got := p.shell("-ls", "/pair"); strings.Contains(got, "nobody") {
		t.Error(got)
	}
}
