package hdfssink

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/colinmarc/hdfs/v2"
	krb5 "github.com/jcmturner/gokrb5/v8/client"
)

// A client is what a Store needs of HDFS, for one file.
type client interface {
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.FileInfo, error)
	MkdirAll(name string, mode fs.FileMode) error
	Create(name string) (io.WriteCloser, error)
	Rename(from, to string) error // over what is there
	Remove(name string) error

	// Broken returns the first error of a datanode, that of a Write which has said nil included.
	Broken() error

	// End lets go of everything, whatever state it is in. It returns err, with what the connections know of it.
	End(err error) error
}

// library is a client by colinmarc/hdfs.
type library struct {
	*hdfs.Client
	store  *Store
	wires  *wires
	uncut  func() bool // forgets the context
	krb    *krb5.Client
	opened *libraryFile
}

type libraryFile struct {
	*hdfs.FileWriter
	closed bool
}

func (f *libraryFile) Close() error {
	f.closed = true
	return f.FileWriter.Close()
}

// connect makes a client of its own for one file. The context is that of all its calls.
func (s *Store) connect(ctx context.Context) (_ client, err error) {
	w := newWires(ctx, s.opts.Timeout)
	c := &library{store: s, wires: w, uncut: context.AfterFunc(ctx, w.cutAll)}
	defer func() {
		if err != nil {
			err = c.End(err)
		}
	}()
	defer recovered(&err) // or a panic would leave the Kerberos session behind
	opts := hdfs.ClientOptions{
		Addresses:           s.namenodesNow(),
		User:                s.opts.User,
		UseDatanodeHostname: s.opts.DatanodeHostnames,
		NamenodeDialFunc:    w.dialNamenode,
		DatanodeDialFunc:    w.dialDatanode,
	}
	if k := s.opts.Kerberos; k != nil {
		if c.krb, err = k.client(); err != nil {
			return nil, err
		}
		opts.KerberosClient = c.krb
		opts.KerberosServicePrincipleName = k.Service
		opts.DataTransferProtection = k.Protection
	}
	c.Client, err = hdfs.NewClient(opts)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *library) Create(name string) (io.WriteCloser, error) {
	replication, blockSize := c.store.opts.Replication, c.store.opts.BlockSize
	if replication == 0 || blockSize == 0 {
		defaults, err := c.ServerDefaults()
		if err != nil {
			return nil, &fs.PathError{Op: "create", Path: name, Err: err}
		}
		if replication == 0 {
			replication = defaults.Replication
		}
		if blockSize == 0 {
			blockSize = defaults.BlockSize
		}
	}
	f, err := c.CreateFile(name, replication, blockSize, c.store.opts.FileMode)
	if err != nil {
		return nil, err
	}
	c.opened = &libraryFile{FileWriter: f}
	return c.opened, c.checkForm(name)
}

var errForm = errors.New("the directory is erasure coded or an encryption zone, which the client library cannot write to")

// checkForm refuses a file that is to be written otherwise than the library does: one that is erasure coded would be taken
// if it is small, and else never be replicated.
func (c *library) checkForm(name string) error {
	info, err := c.Stat(name)
	if err != nil {
		return err
	}
	status, ok := info.Sys().(*hdfs.FileStatus)
	if ok && (status.GetEcPolicy() != nil || status.GetFileEncryptionInfo() != nil) {
		return &fs.PathError{Op: "create", Path: name, Err: errForm}
	}
	return nil
}

func (c *library) Broken() error { return c.wires.broken() }

// End cuts the connections first. Only then is a file closed that was given up: that ends the library's goroutines, and
// cannot reach a namenode to declare a length that no datanode has.
func (c *library) End(err error) error {
	c.uncut()
	c.wires.cutAll()
	namenode, silent, first := c.wires.seen()
	c.store.learn(namenode, silent)
	c.letGo()
	return withCause(err, first)
}

func (c *library) letGo() {
	defer func() { _ = recover() }() // of a file in a state that the library did not think of
	if c.krb != nil {
		defer c.krb.Destroy()
	}
	if c.Client != nil {
		defer func() { _ = c.Close() }()
	}
	if c.opened != nil && !c.opened.closed {
		_ = c.opened.Close()
	}
}

// namenodesNow returns the namenodes, the one to begin with first.
func (s *Store) namenodesNow() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(append([]string(nil), s.namenodes[s.begin:]...), s.namenodes[:s.begin]...)
}

// learn has the next client begin with the namenode that served this one, or behind the one that did not.
func (s *Store) learn(namenode string, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, address := range s.namenodes {
		if address == namenode {
			s.begin = i
			if silent {
				s.begin = (i + 1) % len(s.namenodes)
			}
			return
		}
	}
}
