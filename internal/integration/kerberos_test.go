package integration

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/sink/hdfssink"
)

// A kdc is MIT's Kerberos with a realm of its own.
type kdc struct {
	t      testing.TB
	dir    string
	config string // krb5.conf
}

func startKDC(t testing.TB) *kdc {
	t.Helper()
	k := &kdc{t: t, dir: t.TempDir()}
	k.config = filepath.Join(k.dir, "krb5.conf")
	port := freePort(t)
	for name, text := range map[string]string{
		"krb5.conf": fmt.Sprintf(`[libdefaults]
  default_realm = METLOG.TEST
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  METLOG.TEST = {
    kdc = 127.0.0.1:%d
  }
`, port),
		"kdc.conf": fmt.Sprintf(`[kdcdefaults]
  kdc_listen = 127.0.0.1:%d
  kdc_tcp_listen = 127.0.0.1:%[1]d
[realms]
  METLOG.TEST = {
    database_name = %s
    key_stash_file = %s
    supported_enctypes = aes256-cts-hmac-sha1-96:normal
  }
`, port, filepath.Join(k.dir, "principal"), filepath.Join(k.dir, "stash")),
	} {
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k.run("/usr/sbin/kdb5_util", "create", "-s", "-P", "secret")
	server := k.command("/usr/sbin/krb5kdc", "-n")
	start(t, server)
	eventually(t, func() string { return "the KDC listens" }, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return k
}

func (k *kdc) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+k.config, "KRB5_KDC_PROFILE="+filepath.Join(k.dir, "kdc.conf"))
	return cmd
}

func (k *kdc) run(name string, args ...string) {
	k.t.Helper()
	if out, err := k.command(name, args...).CombinedOutput(); err != nil {
		k.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// keytab makes a principal and returns the file with its key.
func (k *kdc) keytab(principal string) string {
	k.t.Helper()
	file := filepath.Join(k.dir, strings.ReplaceAll(principal, "/", "-")+".keytab")
	k.run("/usr/sbin/kadmin.local", "addprinc", "-randkey", principal)
	k.run("/usr/sbin/kadmin.local", "ktadd", "-norandkey", "-k", file, principal)
	return file
}

// secure has Hadoop ask everybody for Kerberos, and protect what datanodes get and what the namenode says.
func (k *kdc) secure(data, rpc string) func(*hadoop) {
	namenode, datanode, web := k.keytab("nn/localhost"), k.keytab("dn/localhost"), k.keytab("HTTP/localhost")
	return func(h *hadoop) {
		h.addr = strings.Replace(h.addr, "127.0.0.1", "localhost", 1)
		h.jvm = []string{"-Djava.security.krb5.conf=" + k.config}
		h.more = map[string]string{
			"hadoop.security.authentication":            "kerberos",
			"hadoop.rpc.protection":                     rpc,
			"dfs.data.transfer.protection":              data,
			"dfs.block.access.token.enable":             "true",
			"dfs.namenode.kerberos.principal":           "nn/localhost@METLOG.TEST",
			"dfs.namenode.keytab.file":                  namenode,
			"dfs.datanode.kerberos.principal":           "dn/localhost@METLOG.TEST",
			"dfs.datanode.keytab.file":                  datanode,
			"dfs.web.authentication.kerberos.principal": "HTTP/localhost@METLOG.TEST",
			"dfs.web.authentication.kerberos.keytab":    web,
			"ignore.secure.ports.for.testing":           "true", // no certificates for the datanodes' web pages
		}
	}
}

// A secured cluster takes files of whom it knows, by keytab and by credential cache, with its data encrypted.
func TestHDFSKerberos(t *testing.T) {
	k := startKDC(t)
	h := startHadoop(t, 1, k.secure("privacy", "privacy"))
	const text = "a sealed file"
	put := func(name string, opts hdfssink.Options, root string) error {
		if opts.Kerberos != nil {
			opts.Kerberos.Config = k.config
		}
		store, err := hdfssink.New([]string{h.addr}, root, &opts)
		if err != nil {
			return err
		}
		return store.Put(t.Context(), name, strings.NewReader(text), int64(len(text)))
	}
	admin := hdfssink.Kerberos{Principal: "nn/localhost@METLOG.TEST", Keytab: filepath.Join(k.dir, "nn-localhost.keytab"), Protection: "privacy"}
	if err := put("keytab", hdfssink.Options{Kerberos: &admin}, "/secured"); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(k.dir, "cache")
	k.run("/usr/bin/kinit", "-k", "-t", admin.Keytab, "-c", cache, "nn/localhost")
	if err := put("cache", hdfssink.Options{Kerberos: &hdfssink.Kerberos{CCache: cache, Protection: "authentication"}}, "/secured"); err != nil {
		t.Error("by credential cache, with what protection the datanode asks for:", err)
	}

	metlog := k.keytab("metlog")
	for _, test := range []struct {
		name string
		opts hdfssink.Options
		want string
	}{
		{"no right", hdfssink.Options{Kerberos: &hdfssink.Kerberos{Principal: "metlog@METLOG.TEST", Keytab: metlog}}, "user metlog@METLOG.TEST"},
		{"no Kerberos", hdfssink.Options{User: "nn"}, ""}, // the namenode may have hung up before its refusal is read
		{"unknown", hdfssink.Options{Kerberos: &hdfssink.Kerberos{Principal: "stranger@METLOG.TEST", Keytab: metlog}}, "stranger@METLOG.TEST"},
		{"another service", hdfssink.Options{Kerberos: &hdfssink.Kerberos{Principal: "metlog@METLOG.TEST", Keytab: metlog, Service: "dn/localhost"}}, ""},
		{"unprotected", hdfssink.Options{Kerberos: &hdfssink.Kerberos{Principal: admin.Principal, Keytab: admin.Keytab}}, "writing /secured/refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			err := put("refused", test.opts, "/secured")
			t.Logf("after %v: %v", time.Since(began).Round(time.Millisecond), err)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if test.name == "no right" && !errors.Is(err, fs.ErrPermission) {
				t.Error(err)
			}
		})
	}

	k.run("/usr/bin/kinit", "-k", "-t", admin.Keytab, "-c", filepath.Join(k.dir, "java"), "nn/localhost")
	t.Setenv("KRB5CCNAME", filepath.Join(k.dir, "java"))
	for _, name := range []string{"keytab", "cache"} {
		if got := h.shell("-cat", "/secured/"+name); got != text {
			t.Errorf("%s holds %q", name, got)
		}
	}
	noGoroutines(t)
	if got := h.shell("-ls", "/secured"); strings.Contains(got, "refused") {
		t.Error(got)
	}
}
