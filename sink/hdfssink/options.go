package hdfssink

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/user"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Options are what [New] may be told. The zero value of each field means its default.
type Options struct {
	// User is who writes, without Kerberos: HDFS takes the name at its word. Default: the operating system's user of this
	// process. HADOOP_USER_NAME is not read.
	User string

	// Kerberos is for clusters that ask for it; it decides who writes. Default: nil, no Kerberos.
	Kerberos *Kerberos

	// Timeout bounds each step on a connection: to dial, to write, to get the next bytes of an answer that is due; and
	// how long the namenode may take to see a file replicated. Default: 30 seconds.
	Timeout time.Duration

	// FileMode is the permission of files, exactly: HDFS applies no umask to it. Default: 0640.
	FileMode fs.FileMode

	// DirMode is the permission of directories that are made, the root included. Default: 0750.
	DirMode fs.FileMode

	// Replication is on how many datanodes each file is to be. Default: what the namenode says.
	Replication int

	// BlockSize is the size of HDFS's blocks in bytes, a multiple of 512; one of 1 MiB is the smallest that HDFS takes by
	// default. Default: what the namenode says.
	BlockSize int64

	// DatanodeHostnames has datanodes dialled by name, not by the address that the namenode knows. Default: false.
	DatanodeHostnames bool

	// Leftover is the age at which a temporary file of this host is removed that nobody has finished. An attempt to
	// write a file gives up after half that time. Default: one hour.
	Leftover time.Duration
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if err := opts.check(); err != nil {
		return opts, err
	}
	if opts.Kerberos != nil {
		kerberos, err := opts.Kerberos.withDefaults()
		if err != nil {
			return opts, err
		}
		opts.Kerberos, opts.User = &kerberos, kerberos.Principal
	}
	if opts.User == "" {
		current, err := user.Current()
		if err != nil {
			return opts, fmt.Errorf("hdfssink: Options.User: none given: %w", err)
		}
		opts.User = current.Username
	}
	setDefault(&opts.Timeout, 30*time.Second)
	setDefault(&opts.FileMode, 0o640)
	setDefault(&opts.DirMode, 0o750)
	setDefault(&opts.Leftover, time.Hour)
	return opts, nil
}

func setDefault[T fs.FileMode | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

func (o *Options) check() error {
	var err error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Timeout", int64(o.Timeout)}, {"Replication", int64(o.Replication)}, {"BlockSize", o.BlockSize},
		{"Leftover", int64(o.Leftover)},
	} {
		if f.value < 0 {
			err = errors.Join(err, fmt.Errorf("hdfssink: Options.%s: %d is negative", f.name, f.value))
		}
	}
	if o.BlockSize%512 != 0 {
		err = errors.Join(err, fmt.Errorf("hdfssink: Options.BlockSize: %d is no multiple of 512", o.BlockSize))
	}
	if o.Replication > 512 {
		err = errors.Join(err, fmt.Errorf("hdfssink: Options.Replication: %d is above 512", o.Replication))
	}
	if o.FileMode&^0o777 != 0 {
		err = errors.Join(err, fmt.Errorf("hdfssink: Options.FileMode: %v is more than permissions", o.FileMode))
	}
	if o.DirMode&^0o777 != 0 {
		err = errors.Join(err, fmt.Errorf("hdfssink: Options.DirMode: %v is more than permissions", o.DirMode))
	}
	if o.User != "" && o.Kerberos != nil {
		err = errors.Join(err, errors.New("hdfssink: Options.User: Kerberos decides who writes"))
	}
	return err
}

func notInHost(r rune) bool { return r == ' ' || r == '/' || !unicode.IsPrint(r) }

// checkNamenodes wants a list of HOST:PORT.
func checkNamenodes(namenodes []string) error {
	var err error
	if len(namenodes) == 0 {
		err = errors.New("hdfssink: namenodes: none given")
	}
	for _, address := range namenodes {
		host, port, bad := net.SplitHostPort(address)
		n, notNumber := strconv.ParseUint(port, 10, 16)
		if bad != nil || notNumber != nil || n == 0 || host == "" || strings.ContainsFunc(host, notInHost) {
			err = errors.Join(err, fmt.Errorf("hdfssink: namenodes: %.200q is not HOST:PORT", address))
		}
	}
	return err
}
