package hdfssink

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// newKerberos is of a realm whose KDC is at an address.
func newKerberos(t *testing.T, kdc string) *Kerberos {
	t.Helper()
	dir := t.TempDir()
	k := &Kerberos{
		Principal: "metlog/web@METLOG.TEST", Keytab: filepath.Join(dir, "keytab"), Config: filepath.Join(dir, "krb5.conf"),
	}
	keys := keytab.New()
	if err := keys.AddEntry("metlog/web", "METLOG.TEST", "secret", time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	packed, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("[libdefaults]\n udp_preference_limit = 1\n[realms]\n METLOG.TEST = {\n  kdc = %s\n }\n", kdc)
	for name, text := range map[string][]byte{k.Keytab: packed, k.Config: []byte(conf)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// The realm is asked for a ticket at each Put, and not before; nobody is asked to take a file without one.
func TestKerberosLogin(t *testing.T) {
	k := newKerberos(t, "127.0.0.1:1")
	n := startNamenode(t, &namenode{})
	s, err := New([]string{n.addr}, "/archive", &Options{Kerberos: k})
	if err != nil {
		t.Fatal(err)
	}
	if s.opts.User != k.Principal || s.opts.Kerberos.Service != "nn/_HOST" {
		t.Errorf("%s, %s", s.opts.User, s.opts.Kerberos.Service)
	}
	err = put(t, s)
	if err == nil || !strings.Contains(err.Error(), "log in as "+k.Principal) || !strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) {
		t.Error(err)
	}
	if strings.Contains(err.Error(), "secret") || len(n.called()) > 0 {
		t.Errorf("%v, calls %q", err, n.called())
	}
}

// Files that are renewed are read anew; ones that are gone are an error of the next Put.
func TestKerberosFilesAreReadAnew(t *testing.T) {
	k := newKerberos(t, "127.0.0.1:1")
	s, err := New([]string{"127.0.0.1:1"}, "/archive", &Options{Kerberos: k})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(k.Keytab); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s); err == nil || !strings.Contains(err.Error(), "Kerberos.Keytab") {
		t.Error(err)
	}
}

// A file that is no credential cache is an error of New, whatever is in it.
func TestKerberosRubbish(t *testing.T) {
	k := newKerberos(t, "127.0.0.1:1")
	for _, text := range []string{"", "\x05", "\x05\x04", "\x05\x04\x00\xff", strings.Repeat("\x05\x04\xff", 100)} {
		file := filepath.Join(t.TempDir(), "rubbish")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for want, wrong := range map[string]*Kerberos{
			"Kerberos.CCache": {CCache: file, Config: k.Config},
			"Kerberos.Keytab": {Keytab: file, Principal: k.Principal, Config: k.Config},
		} {
			if _, err := New([]string{"nn:8020"}, "/archive", &Options{Kerberos: wrong}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

// The library panics at an answer of a KDC that asks for a proof and names no way to give it.
func TestPanickingKDC(t *testing.T) {
	proof := types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: []byte{0x30, 0}}}
	data, err := asn1.Marshal(proof)
	if err != nil {
		t.Fatal(err)
	}
	refusal := messages.NewKRBError(types.NewPrincipalName(1, "krbtgt/METLOG.TEST"), "METLOG.TEST", errorcode.KDC_ERR_PREAUTH_REQUIRED, "")
	refusal.EData = data
	answer, err := refusal.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	kdc := listen(t, func(conn net.Conn) {
		if _, err := readPacket(conn); err == nil {
			_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...))
		}
	})
	s, err := New([]string{"127.0.0.1:1"}, "/archive", &Options{Kerberos: newKerberos(t, kdc)})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, s); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Error(err)
	}
}
