package hdfssink

import (
	"os/user"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	s, err := New([]string{"nn:8020"}, "/archive", nil)
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	want := Options{User: me.Username, Timeout: 30 * time.Second, FileMode: 0o640, DirMode: 0o750, Leftover: time.Hour}
	if s.opts != want {
		t.Errorf("%+v, want %+v", s.opts, want)
	}
}

func TestWrongArguments(t *testing.T) {
	nodes := []string{"nn:8020"}
	for _, test := range []struct {
		name  string
		nodes []string
		opts  Options
		want  string
	}{
		{"no namenode", nil, Options{}, "namenodes: none given"},
		{"no port", []string{"nn"}, Options{}, `namenodes: "nn" is not HOST:PORT`},
		{"no host", []string{":8020"}, Options{}, "is not HOST:PORT"},
		{"port 0", []string{"nn:0"}, Options{}, "is not HOST:PORT"},
		{"large port", []string{"nn:65536"}, Options{}, "is not HOST:PORT"},
		{"a list with blanks", []string{"nn:8020", " nn2:8020"}, Options{}, `" nn2:8020" is not HOST:PORT`},
		{"a line break", []string{"nn\n:8020"}, Options{}, `"nn\n:8020" is not HOST:PORT`},
		{"URL without a scheme", []string{"//nn:8020"}, Options{}, "is not HOST:PORT"},
		{"URL", []string{"nn:8020", "hdfs://nn:8020"}, Options{}, `"hdfs://nn:8020" is not`},
		{"Timeout", nodes, Options{Timeout: -1}, "Options.Timeout: -1 is negative"},
		{"Leftover", nodes, Options{Leftover: -1}, "Options.Leftover"},
		{"Replication", nodes, Options{Replication: -1}, "Options.Replication"},
		{"much Replication", nodes, Options{Replication: 513}, "Options.Replication"},
		{"BlockSize", nodes, Options{BlockSize: -512}, "Options.BlockSize"},
		{"odd BlockSize", nodes, Options{BlockSize: 1000}, "multiple of 512"},
		{"FileMode", nodes, Options{FileMode: 0o1640}, "Options.FileMode"},
		{"DirMode", nodes, Options{DirMode: 0o1750}, "Options.DirMode"},
		{"User and Kerberos", nodes, Options{User: "x", Kerberos: &Kerberos{}}, "Options.User"},
		{"no key", nodes, Options{Kerberos: &Kerberos{}}, "one of Keytab and CCache"},
		{"both keys", nodes, Options{Kerberos: &Kerberos{Keytab: "a", CCache: "b"}}, "one of Keytab and CCache"},
		{"no Principal", nodes, Options{Kerberos: &Kerberos{Keytab: "a"}}, "Kerberos.Principal"},
		{"no realm", nodes, Options{Kerberos: &Kerberos{Keytab: "a", Principal: "metlog"}}, "is not NAME@REALM"},
		{"Principal of a cache", nodes, Options{Kerberos: &Kerberos{CCache: "a", Principal: "m@R"}}, "CCache decides"},
		{"Protection", nodes, Options{Kerberos: &Kerberos{CCache: "a", Protection: "tls"}}, "Kerberos.Protection"},
		{"no Config", nodes, Options{Kerberos: &Kerberos{CCache: "a", Config: "/nowhere/krb5.conf"}}, "Kerberos.Config"},
		{"no CCache", nodes, Options{Kerberos: &Kerberos{CCache: "/nowhere/cc", Config: "testdata/krb5.conf"}}, "Kerberos.CCache"},
		{"no Keytab", nodes, Options{Kerberos: &Kerberos{Keytab: "/nowhere/kt", Principal: "m@R", Config: "testdata/krb5.conf"}}, "Kerberos.Keytab"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.nodes, "/archive", &test.opts)
			if err == nil || s != nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "hdfssink: ") {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// New keeps nothing of the caller's.
func TestCopies(t *testing.T) {
	nodes, opts := []string{"nn:8020"}, Options{User: "metlog"}
	s, err := New(nodes, "/archive", &opts)
	if err != nil {
		t.Fatal(err)
	}
	nodes[0], opts.User = "other:1", "other"
	if s.namenodesNow()[0] != "nn:8020" || s.opts.User != "metlog" {
		t.Errorf("%q as %s", s.namenodesNow(), s.opts.User)
	}
}
