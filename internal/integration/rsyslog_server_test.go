package integration

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mozilla-services/metlog-go/internal/certtest"
)

// An rsyslog is the real one, from Debian. It receives over UDP, TCP (with or without TLS), a stream and a datagram socket,
// and writes what it understood as JSON lines.
type rsyslog struct {
	t            testing.TB
	dir          string
	addr         string // UDP and TCP
	stream, dgrm string // sockets
	cmd          *exec.Cmd
}

// A logged is what rsyslog made of one record.
type logged struct{ Raw, Pri, Time, Host, App, Pid, Msgid, Msg string }

const rsyslogConf = `
global(workDirectory="%[1]s" maxMessageSize="8k" processInternalMessages="on" %[3]s)
module(load="imudp")
module(load="imtcp" %[4]s)
module(load="imptcp")
module(load="imuxsock" sysSock.use="off")
template(name="json" type="list" option.jsonf="on") {
  property(outname="raw" name="rawmsg" format="jsonf")
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="pid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
}
ruleset(name="all") { action(type="omfile" file="%[1]s/out" template="json") }
call all
input(type="imudp" address="127.0.0.1" port="%[2]d" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="%[2]d" ruleset="all")
input(type="imptcp" path="%[1]s/stream" unlink="on" ruleset="all")
input(type="imuxsock" socket="%[1]s/dgram" useSpecialParser="off" parseHostname="on" ignoreTimestamp="off" ruleset="all")
input(type="imuxsock" socket="%[1]s/local" ruleset="all")
`

// startRsyslog starts rsyslogd, with TLS if there is a certificate for it: it then wants clients of ca.
func startRsyslog(t testing.TB, ca *certtest.Authority, cert *tls.Certificate) *rsyslog {
	t.Helper()
	r := &rsyslog{t: t, dir: t.TempDir()}
	port := freePort(t)
	r.addr = fmt.Sprintf("127.0.0.1:%d", port)
	r.stream, r.dgrm = filepath.Join(r.dir, "stream"), filepath.Join(r.dir, "dgram")
	global, module := "", ""
	if cert != nil {
		ca.Write(t, r.dir, cert)
		global = fmt.Sprintf(`defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="%[1]s/ca.pem" `+
			`defaultNetstreamDriverCertFile="%[1]s/cert.pem" defaultNetstreamDriverKeyFile="%[1]s/key.pem"`, r.dir)
		module = `streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"`
	}
	conf := fmt.Sprintf(rsyslogConf, r.dir, port, global, module)
	if err := os.WriteFile(filepath.Join(r.dir, "conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	return r
}

func (r *rsyslog) start() {
	r.t.Helper()
	r.cmd = exec.Command("/usr/sbin/rsyslogd", "-n", "-f", filepath.Join(r.dir, "conf"), "-i", filepath.Join(r.dir, "pid"))
	start(r.t, r.cmd)
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		r.t.Fatal(err)
	}
	// To connect would be a broken handshake where there is TLS, after which rsyslogd 8.2302 closes one file too many: its
	// output's, sooner or later. After any TLS it may close its connection's file twice; so its own first words open the
	// output before there is one.
	listens := regexp.MustCompile(fmt.Sprintf(`(?m)^ *\d+: 0100007F:%04X 00000000:0000 0A `, number))
	eventually(r.t, func() string { return "rsyslogd listens at " + r.addr }, func() bool {
		sockets, err := os.ReadFile("/proc/net/tcp")
		_, noOut := os.Stat(filepath.Join(r.dir, "out"))
		return err == nil && listens.Match(sockets) && noOut == nil
	})
}

// kill ends rsyslogd as a power cut would.
func (r *rsyslog) kill() {
	r.t.Helper()
	r.signal(syscall.SIGKILL)
	_ = r.cmd.Wait() // it says that it was killed
	if err := os.Remove(filepath.Join(r.dir, "pid")); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rsyslog) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// entries returns what rsyslog has written of what came to it so far, in whole lines.
func (r *rsyslog) entries() (all []logged) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "out"))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var e logged
		if err := json.Unmarshal(line, &e); err != nil {
			r.t.Errorf("rsyslog wrote %q: %v", line, err)
			continue
		}
		if !strings.HasPrefix(e.App, "rsyslogd") { // not its own words
			all = append(all, e)
		}
	}
	return all
}

// wait waits until rsyslog has written n entries.
func (r *rsyslog) wait(n int) []logged {
	r.t.Helper()
	eventually(r.t, func() string { return fmt.Sprintf("%d entries, only %d", n, len(r.entries())) }, func() bool { return len(r.entries()) >= n })
	return r.entries()
}
