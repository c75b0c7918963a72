package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A hadoop is a real HDFS: a namenode and datanodes, each a process of its own, which are known by number. 0 is the
// namenode. It is patient with nobody: a datanode that is silent for 12 s is dead, a file whose writer is silent for 10 s
// is closed for it.
type hadoop struct {
	t       testing.TB
	addr    string // of the namenode, host:port
	web     string // where it tells how it is
	dir     string
	servers []*hadoopServer
	more    map[string]string // properties besides
	jvm     []string          // options of every java
}

type hadoopServer struct {
	cmd  *exec.Cmd
	addr string // where it moves data
}

// startHadoop starts one that is writable when it returns. What is written has three copies, or as many as there are
// datanodes. The test's end ends it; tests that do it no harm can share one as subtests. It is changed before anything
// starts.
func startHadoop(t testing.TB, datanodes int, change ...func(*hadoop)) *hadoop {
	t.Helper()
	h := &hadoop{
		t: t, dir: t.TempDir(), servers: make([]*hadoopServer, 1+datanodes),
		addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), web: fmt.Sprintf("127.0.0.1:%d", freePort(t)),
	}
	for _, f := range change {
		f(h)
	}
	h.configure()
	if out, err := h.java("hdfs", hadoopNamenode, "-format", "-nonInteractive").CombinedOutput(); err != nil {
		t.Fatalf("formatting HDFS: %v\n%s", err, out)
	}
	for n := range h.servers {
		h.launch(n)
	}
	h.ready()
	return h
}

const (
	hadoopNamenode = "org.apache.hadoop.hdfs.server.namenode.NameNode"
	hadoopDatanode = "org.apache.hadoop.hdfs.server.datanode.DataNode"
)

// configure writes the files that servers and tools read. Not all of them heed what is set on a command line.
func (h *hadoop) configure() {
	h.t.Helper()
	for _, name := range []string{"conf/webapps/hdfs", "conf/webapps/datanode", "conf/webapps/static", "hive", "tmp"} {
		if err := os.MkdirAll(filepath.Join(h.dir, name), 0o750); err != nil { // the jars lack the web pages
			h.t.Fatal(err)
		}
	}
	core := map[string]string{"fs.defaultFS": "hdfs://" + h.addr, "hadoop.tmp.dir": filepath.Join(h.dir, "tmp"),
		"mapreduce.jobtracker.staging.root.dir": "file://" + filepath.Join(h.dir, "tmp", "staging")}
	hdfs := map[string]string{
		"dfs.namenode.name.dir":                   "file://" + filepath.Join(h.dir, "name"),
		"dfs.namenode.http-address":               h.web,
		"dfs.replication":                         fmt.Sprint(min(3, len(h.servers)-1)),
		"dfs.namenode.safemode.extension":         "0",
		"dfs.namenode.lease-hard-limit-sec":       "10",
		"dfs.heartbeat.interval":                  "1",
		"dfs.namenode.heartbeat.recheck-interval": "1000", // silent for 10 heartbeats and twice this: dead
		"dfs.datanode.http.address":               "127.0.0.1:0",
		"dfs.datanode.ipc.address":                "127.0.0.1:0",
	}
	maps.Copy(core, h.more)
	maps.Copy(hdfs, h.more) // where defaults would go before core's
	h.site("conf/core-site.xml", core)
	h.site("conf/hdfs-site.xml", hdfs)
	h.file("conf/log4j.properties", `log4j.rootLogger=INFO,A
log4j.appender.A=org.apache.log4j.ConsoleAppender
log4j.appender.A.target=System.err
log4j.appender.A.layout=org.apache.log4j.PatternLayout
log4j.appender.A.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
`)
}

// site writes a configuration in Hadoop's form.
func (h *hadoop) site(name string, properties map[string]string) {
	h.t.Helper()
	var text strings.Builder
	text.WriteString("<configuration>\n")
	for key, value := range properties {
		fmt.Fprintf(&text, "<property><name>%s</name><value>%s</value></property>\n", key, value)
	}
	text.WriteString("</configuration>\n")
	h.file(name, text.String())
}

func (h *hadoop) file(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// java is a Java program of one of the sets of jars, configured for h.
func (h *hadoop) java(jars, class string, args ...string) *exec.Cmd {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "java", append(h.arguments(jars), append([]string{class}, args...)...)...)
	cmd.Dir = h.dir
	return cmd
}

// arguments are what java needs before the name of a class.
func (h *hadoop) arguments(jars string) []string {
	h.t.Helper()
	dir, err := filepath.Abs("testdata/hadoop/target/" + jars)
	if err != nil {
		h.t.Fatal(err)
	}
	return append([]string{"-Xms64m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true",
		"-Djava.io.tmpdir=" + filepath.Join(h.dir, "tmp"), "-XX:-UsePerfData", // which else leave files in /tmp
		"-cp", strings.Join([]string{filepath.Join(h.dir, "conf"), filepath.Join(h.dir, jars), dir + "/*"}, ":")}, h.jvm...)
}

// launch starts a server, whose log is in h.dir.
func (h *hadoop) launch(n int) {
	h.t.Helper()
	s := &hadoopServer{addr: fmt.Sprintf("127.0.0.1:%d", freePort(h.t))}
	name := "namenode"
	s.cmd = h.java("hdfs", hadoopNamenode)
	if n > 0 {
		name = fmt.Sprintf("datanode%d", n)
		s.cmd = h.java("hdfs", hadoopDatanode, "-D", "dfs.datanode.address="+s.addr,
			"-D", "dfs.datanode.data.dir=file://"+filepath.Join(h.dir, name))
	}
	log, err := os.OpenFile(filepath.Join(h.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	start(h.t, s.cmd)
	h.servers[n] = s
}

// ready waits until the namenode takes writes and all datanodes that run are known to it where they now are.
func (h *hadoop) ready() {
	h.t.Helper()
	state := ""
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if state = h.state(); state == "" {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	for _, log := range []string{"namenode", "datanode1"} {
		text, _ := os.ReadFile(filepath.Join(h.dir, log+".log"))
		h.t.Logf("the end of %s.log: %s", log, text[max(0, len(text)-4000):])
	}
	h.t.Fatal("HDFS is not ready:", state)
}

// state says what h is not ready for, nothing if it is.
func (h *hadoop) state() string {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.web+"/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo", nil)
	if err != nil {
		return err.Error()
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer reply.Body.Close()
	var info struct {
		Beans []struct{ Safemode, LiveNodes string }
	}
	if err := json.NewDecoder(reply.Body).Decode(&info); err != nil {
		return err.Error()
	}
	if len(info.Beans) != 1 || info.Beans[0].Safemode != "" {
		return fmt.Sprint("the namenode is in safe mode: ", info)
	}
	var nodes map[string]struct {
		Addr     string `json:"xferaddr"`
		Capacity int64
	}
	if err := json.Unmarshal([]byte(info.Beans[0].LiveNodes), &nodes); err != nil {
		return err.Error()
	}
	usable := make(map[string]bool)
	for _, node := range nodes {
		usable[node.Addr] = node.Capacity > 0 // it has told of its disk
	}
	for n, s := range h.servers[1:] {
		if s != nil && !usable[s.addr] {
			return fmt.Sprintf("datanode %d, %s, is not among %v", n+1, s.addr, nodes)
		}
	}
	return ""
}

// kill ends a server at once.
func (h *hadoop) kill(n int) {
	h.t.Helper()
	h.signal(n, syscall.SIGKILL)
	_ = h.servers[n].cmd.Wait()
	h.servers[n] = nil
}

// stop makes a server silent: its connections stay.
func (h *hadoop) stop(n int) { h.t.Helper(); h.signal(n, syscall.SIGSTOP) }

// cont ends what stop began.
func (h *hadoop) cont(n int) { h.t.Helper(); h.signal(n, syscall.SIGCONT) }

func (h *hadoop) signal(n int, sig os.Signal) {
	h.t.Helper()
	if err := h.servers[n].cmd.Process.Signal(sig); err != nil {
		h.t.Fatalf("server %d: %v", n, err)
	}
}

// restart starts a server with the data it had, after killing it if it runs, and waits until h is ready. The namenode has
// the address that it had, a datanode has another.
func (h *hadoop) restart(n int) {
	h.t.Helper()
	if h.servers[n] != nil {
		h.kill(n)
	}
	h.launch(n)
	h.ready()
}

// shell returns what "hdfs dfs" says, such as shell("-ls", "-R", "/").
func (h *hadoop) shell(args ...string) string {
	h.t.Helper()
	cmd := h.java("hdfs", "org.apache.hadoop.fs.FsShell", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("hdfs dfs %s: %v\n%s%s", args, err, out, stderr.String())
	}
	return string(out)
}
