package hdfssink

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"
)

// A cluster is HDFS as far as a Store knows it. Its steps fail as a test says.
type cluster struct {
	mu      sync.Mutex
	files   map[string]*file
	dirs    map[string]fs.FileMode
	steps   []string
	ended   int
	clients int
	fail    func(step, name string) error // before the step
	after   func(step, name string) error // once it is done
	broken  error
	short   int64 // bytes that a closed file lacks
	removed []string
}

type file struct {
	name string
	text bytes.Buffer
	time time.Time
	open bool
}

func (f *file) Name() string       { return path.Base(f.name) }
func (f *file) Size() int64        { return int64(f.text.Len()) }
func (f *file) Mode() fs.FileMode  { return 0o640 }
func (f *file) ModTime() time.Time { return f.time }
func (f *file) IsDir() bool        { return false }
func (f *file) Sys() any           { return nil }

// directory is the file of that name.
type directory struct{ *file }

func (directory) IsDir() bool       { return true }
func (directory) Mode() fs.FileMode { return fs.ModeDir | 0o750 }

// newStore is a Store over a fake cluster.
func newStore(t *testing.T, opts *Options) (*Store, *cluster) {
	t.Helper()
	s, err := New([]string{"namenode:8020"}, "/archive", opts)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{files: make(map[string]*file), dirs: make(map[string]fs.FileMode)}
	s.connectTo = func(context.Context) (client, error) {
		if err := c.step("connect", ""); err != nil {
			return nil, err
		}
		c.clients++
		return &fakeClient{cluster: c}, nil
	}
	t.Cleanup(func() {
		if c.clients != c.ended {
			t.Errorf("%d clients of %d were ended", c.ended, c.clients)
		}
	})
	return s, c
}

func (c *cluster) step(step, name string) error {
	c.mu.Lock()
	short := step
	if name != "" {
		short += " " + tmpForm.ReplaceAllString(path.Base(name), "TMP")
	}
	c.steps = append(c.steps, short)
	c.mu.Unlock()
	if c.fail == nil {
		return nil
	}
	return c.fail(step, name)
}

func (c *cluster) done(step, name string) error {
	if c.after == nil {
		return nil
	}
	return c.after(step, name)
}

// names returns what stands in the cluster.
func (c *cluster) names() []string { return slices.Sorted(maps.Keys(c.files)) }

// count returns how often a step was taken.
func (c *cluster) count(step string) (n int) {
	for _, s := range c.steps {
		if strings.HasPrefix(s, step) {
			n++
		}
	}
	return n
}

type fakeClient struct{ *cluster }

func (c *fakeClient) Stat(name string) (fs.FileInfo, error) {
	if err := c.step("stat", name); err != nil {
		return nil, err
	}
	if _, ok := c.dirs[name]; ok {
		return directory{&file{name: name}}, nil
	}
	f, ok := c.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: os.ErrNotExist}
	}
	return f, nil
}

func (c *fakeClient) ReadDir(name string) (infos []fs.FileInfo, err error) {
	if err := c.step("list", name); err != nil {
		return nil, err
	}
	for _, key := range c.names() {
		if path.Dir(key) == name {
			infos = append(infos, c.files[key])
		}
	}
	return infos, nil
}

func (c *fakeClient) MkdirAll(name string, mode fs.FileMode) error {
	if err := c.step("mkdir", name); err != nil {
		return err
	}
	for ; name != "/"; name = path.Dir(name) {
		if _, ok := c.dirs[name]; !ok {
			c.dirs[name] = mode
		}
	}
	return nil
}

func (c *fakeClient) Create(name string) (io.WriteCloser, error) {
	if err := c.step("create", name); err != nil {
		return nil, err
	}
	if c.files[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: os.ErrExist}
	}
	f := &file{name: name, time: time.Now(), open: true}
	c.files[name] = f
	return &fakeWriter{c.cluster, f}, nil
}

type fakeWriter struct {
	c *cluster
	f *file
}

func (w *fakeWriter) Write(b []byte) (int, error) {
	if err := w.c.step("write", w.f.name); err != nil {
		return 0, err
	}
	return w.f.text.Write(b)
}

func (w *fakeWriter) Close() error {
	if err := w.c.step("close", w.f.name); err != nil {
		return err
	}
	w.f.open, w.f.time = false, time.Now()
	w.f.text.Truncate(w.f.text.Len() - int(w.c.short))
	return w.c.done("close", w.f.name)
}

func (c *fakeClient) Rename(from, to string) error {
	if err := c.step("rename", to); err != nil {
		return err
	}
	f := c.files[from]
	delete(c.files, from)
	f.name = to
	c.files[to] = f
	return c.done("rename", to)
}

func (c *fakeClient) Remove(name string) error {
	if err := c.step("remove", name); err != nil {
		return err
	}
	c.removed = append(c.removed, path.Base(name))
	if c.files[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: os.ErrNotExist}
	}
	delete(c.files, name)
	return nil
}

func (c *fakeClient) Broken() error { return c.broken }

func (c *fakeClient) End(err error) error {
	c.ended++
	return err
}

func replicating(name string) error {
	return &os.PathError{Op: "create", Path: name, Err: hdfs.ErrReplicating}
}
