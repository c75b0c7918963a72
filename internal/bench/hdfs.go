package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

const (
	mib       = 1 << 20
	hdfsFile  = 128 // MiB, of which the archive makes a file
	hdfsClass = "org.apache.hadoop.hdfs.server."
)

// hdfsSection: a sealed file to a namenode and a datanode beside this process.
func hdfsSection(l *lab) error {
	h, err := l.startHDFS()
	if err != nil {
		return err
	}
	defer h.end()
	me, err := user.Current()
	if err != nil {
		return err
	}
	client, err := h.client(me.Username)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	store, err := hdfssink.New([]string{h.addr}, "/store", nil)
	if err != nil {
		return err
	}
	if err := client.Mkdir("/bench", 0o750); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(h.dir, "sealed"))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if _, err := io.CopyN(file, rand.Reader, hdfsFile*mib); err != nil { // it is compressed
		return err
	}
	// removed is a contender that puts the file under a name, which is then removed.
	removed := func(title, name string, put func() error) contender {
		return contender{title, func(n int) (float64, error) {
			begin := time.Now()
			err := put()
			took := time.Since(begin)
			return float64(took) / float64(n), errors.Join(err, client.Remove(name))
		}}
	}
	contenders := []contender{
		removed("hdfssink, a MiB of a file of 128", "/store/a", func() error {
			return store.Put(context.Background(), "a", file, hdfsFile*mib)
		}),
		removed("colinmarc/hdfs in writes of 1 MiB", "/bench/b", func() error { return writePlain(client, "/bench/b", file) }),
		removed("hdfs dfs -put", "/bench/c", func() error { return h.java("org.apache.hadoop.fs.FsShell", "-put", file.Name(), "/bench/c").Run() }),
	}
	return compare(l, hdfsFile, contenders, []goal{
		{name: "hdfssink / colinmarc, time (throughput >= 0.8)", ours: 0, theirs: 1, atMost: 1.25},
		{name: "hdfssink / hdfs dfs -put, time", ours: 0, theirs: 2},
	})
}

// writePlain does the least: what a store must do about faults and half files is not in it.
func writePlain(client *hdfs.Client, name string, file io.ReaderAt) error {
	w, err := client.Create(name)
	if err != nil {
		return err
	}
	buf := make([]byte, mib)
	for at := range int64(hdfsFile) {
		if _, err := file.ReadAt(buf, at*mib); err != nil {
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	for {
		if err := w.Close(); !hdfs.IsErrReplicating(err) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// An hdfsCluster is a real namenode and a real datanode, of the jars that the integration suite has.
type hdfsCluster struct {
	dir, addr string
	servers   []*exec.Cmd
}

func (l *lab) startHDFS() (*hdfsCluster, error) {
	endpoint, err := freeEndpoint()
	if err != nil {
		return nil, err
	}
	h := &hdfsCluster{dir: filepath.Join(l.dir, "hdfs"), addr: endpoint[len("tcp://"):]}
	if err := h.configure(); err != nil {
		return nil, err
	}
	if out, err := h.java(hdfsClass+"namenode.NameNode", "-format", "-nonInteractive").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("formatting HDFS: %w\n%s", err, out)
	}
	for _, class := range []string{"namenode.NameNode", "datanode.DataNode"} {
		cmd := h.java(hdfsClass + class)
		if err := cmd.Start(); err != nil {
			h.end()
			return nil, err
		}
		h.servers = append(h.servers, cmd)
	}
	if err := h.ready(); err != nil {
		h.end()
		return nil, err
	}
	return h, nil
}

func (h *hdfsCluster) configure() error {
	var err error
	for _, part := range []string{"hdfs", "datanode", "static"} { // of web pages, which the jars lack
		err = errors.Join(err, os.MkdirAll(filepath.Join(h.dir, "conf/webapps", part), 0o750))
	}
	site := func(name string, pairs ...string) {
		text := "<configuration>"
		for i := 0; i < len(pairs); i += 2 {
			text += fmt.Sprintf("\n<property><name>%s</name><value>%s</value></property>", pairs[i], pairs[i+1])
		}
		err = errors.Join(err, os.WriteFile(filepath.Join(h.dir, "conf", name), []byte(text+"\n</configuration>\n"), 0o600))
	}
	site("core-site.xml", "fs.defaultFS", "hdfs://"+h.addr, "hadoop.tmp.dir", h.dir)
	site("hdfs-site.xml", "dfs.replication", "1", "dfs.namenode.http-address", "127.0.0.1:0", "dfs.namenode.safemode.extension", "0",
		"dfs.datanode.address", "127.0.0.1:0", "dfs.datanode.http.address", "127.0.0.1:0", "dfs.datanode.ipc.address", "127.0.0.1:0")
	return err
}

func (h *hdfsCluster) java(class string, args ...string) *exec.Cmd {
	jars, _ := filepath.Abs("../integration/testdata/hadoop/target/hdfs")
	cmd := exec.Command("java", append([]string{"-Xmx512m", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true",
		"-cp", filepath.Join(h.dir, "conf") + ":" + jars + "/*", class}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// client connects as who may do everything.
func (h *hdfsCluster) client(name string) (*hdfs.Client, error) {
	return hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{h.addr}, User: name})
}

// ready waits until a byte can be written.
func (h *hdfsCluster) ready() error {
	me, err := user.Current()
	for deadline := time.Now().Add(time.Minute); err == nil; time.Sleep(100 * time.Millisecond) {
		if err = h.tryWrite(me.Username); err == nil {
			return nil
		}
		if time.Now().Before(deadline) {
			err = nil
		}
	}
	return fmt.Errorf("HDFS does not start: %w", err)
}

func (h *hdfsCluster) tryWrite(name string) error {
	client, err := h.client(name)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	_ = client.Remove("/ready")
	w, err := client.Create("/ready")
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte{0}); err != nil {
		return err
	}
	err = w.Close()
	if hdfs.IsErrReplicating(err) {
		return nil
	}
	return err
}

func (h *hdfsCluster) end() {
	for _, cmd := range h.servers {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
