package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/certtest"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
)

var loginTime = time.Date(2026, 3, 2, 9, 15, 4, 1000, time.UTC)

// securityEvent returns a message with an event whose values are the name, and cef_meta.
func securityEvent(t testing.TB, name string, meta ...any) envelope.Message {
	t.Helper()
	event := cef.Event{Vendor: "Example", Product: "shop", DeviceVersion: "1", Signature: "AuthFail", Name: strings.NewReplacer("\r", "", "\n", "").Replace(name), Severity: 5,
		Extensions: []cef.Extension{{Key: "src", Value: "203.0.113.9"}, {Key: "msg", Value: name}, {Key: "suser", Value: "amy"}}}
	line, err := event.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := envelope.Draft{
		Type: envelope.TypeCEF, Payload: "Mar 02 10:15:04 web3 " + string(line), Timestamp: loginTime, Hostname: "web3", PID: 4107,
		Fields: []slog.Attr{slog.Group(cef.MetaField, meta...)},
	}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hostile are values that must come out of rsyslog as they went in, but for what is unfit.
var hostile = []string{
	"plain", "pipe a|b", "equals a=b suser=eve", `back\slash\\`, "lines\r\n<0>1 - - - - - - CEF:0|forged|||||0|", "percent %s%n%20 100%",
	"direction \u202egnp.exe\u2066", "NUL \x00 ESC \x1b[2J", "jørgen Ð 😀", login2012, strings.Repeat("long é", 1000),
}

// unfit is what comes out as a question mark.
var unfit = strings.NewReplacer("\u202e", "?", "\u2066", "?", "\x00", "?", "\x1b", "?")

const login2012 = "Mar 02 10:15:04 web3 CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9"

func hostileEvents(t testing.TB) (batch []envelope.Message) {
	for _, value := range hostile {
		batch = append(batch, securityEvent(t, value, cef.MetaPriority, "ALERT", cef.MetaFacility, "LOCAL2", cef.MetaIdent, "shop", cef.MetaOptions, "PID"))
	}
	return batch
}

func newCEFSink(t testing.TB, address string, o cefsink.Options) *cefsink.Sink {
	t.Helper()
	o.Idents = []string{"shop"}
	s, err := cefsink.New(address, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// What rsyslog understood of each kind of record, read back from it value by value, over every transport.
func TestRsyslogReadsBack(t *testing.T) {
	ca := certtest.New(t)
	server, client := ca.Issue(t, "siem.test", time.Hour), ca.Issue(t, "router", time.Hour)
	config := &tls.Config{RootCAs: ca.Pool(), ServerName: "siem.test", Certificates: []tls.Certificate{client}}
	plain, secure := startRsyslog(t, nil, nil), startRsyslog(t, ca, &server)
	for _, transport := range []struct {
		to      *rsyslog
		address string
		tls     *tls.Config
	}{
		{plain, "udp://" + plain.addr, nil}, {plain, "tcp://" + plain.addr, nil}, {plain, "unix://" + plain.stream, nil},
		{plain, "unixgram://" + plain.dgrm, nil}, {secure, "tls://" + secure.addr, config},
	} {
		for _, format := range []cefsink.Format{cefsink.RFC5424, cefsink.RFC3164} {
			network, _, _ := strings.Cut(transport.address, ":")
			t.Run(fmt.Sprintf("%s/RFC%d", network, format), func(t *testing.T) {
				before := len(transport.to.entries())
				s := newCEFSink(t, transport.address, cefsink.Options{Format: format, TLS: transport.tls})
				if err := s.Send(t.Context(), hostileEvents(t)); err != nil {
					t.Fatal(err)
				}
				if err := s.Shutdown(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := transport.to.wait(before + len(hostile))[before:]
				if len(got) != len(hostile) {
					t.Fatalf("%d entries", len(got))
				}
				t.Logf("rsyslog wrote, the first of %d: %+v", len(got), got[0])
				for i, e := range got {
					checkEntry(t, e, format, network, hostile[i])
				}
			})
		}
	}
}

func checkEntry(t *testing.T, e logged, format cefsink.Format, network, value string) {
	t.Helper()
	host, at := "web3", loginTime.Format("2006-01-02T15:04:05.000000Z07:00")
	if format == cefsink.RFC3164 {
		at = loginTime.Local().Format("-01-02T15:04:05") // it has no year
		if network == "unixgram" {
			host = e.Host // the daemon's own
		}
	}
	if e.Pri != "145" || !strings.Contains(e.Time, at) && !strings.Contains(e.Time, strings.Replace(at, "Z", "+00:00", 1)) || e.Host != host || e.App != "shop" || e.Pid != "4107" {
		t.Errorf("header %+v", e)
	}
	line, err := cef.Parse(e.Msg)
	if err != nil {
		t.Fatalf("%v: %q", err, e.Msg)
	}
	value = unfit.Replace(value)
	want := []cef.Extension{{Key: "src", Value: "203.0.113.9"}, {Key: "msg", Value: value}, {Key: "suser", Value: "amy"}}
	name := strings.NewReplacer("\r", "", "\n", "").Replace(value)
	if strings.HasPrefix(value, "long") { // twice its length is more than 8 KiB
		last := len(line.Extensions) - 1
		msg, _ := line.Get("msg")
		if len(e.Raw) > 8192 || line.Extensions[last].Key != "metlogCut" || !strings.HasPrefix(value, msg) || !strings.HasPrefix(name, line.Name) || len(msg) < 6000 {
			t.Errorf("a long event became %d bytes, the last of them %q", len(e.Raw), e.Raw[len(e.Raw)-50:])
		}
		return
	}
	if !slices.Equal(line.Extensions, want) || line.Name != name || line.Before != "" && line.Before != " " {
		t.Errorf("event %q", e.Msg)
	}
}

// A local daemon with its defaults reads what is the default for it: every record's event, program and process.
func TestRsyslogLocalSocket(t *testing.T) {
	server := startRsyslog(t, nil, nil)
	address := "unixgram://" + filepath.Join(server.dir, "local")
	if err := newCEFSink(t, address, cefsink.Options{}).Send(t.Context(), hostileEvents(t)); err != nil {
		t.Fatal(err)
	}
	for i, e := range server.wait(len(hostile)) {
		if strings.Contains(e.Time, "03-02T") {
			t.Errorf("the time is no more that of arrival: %+v", e)
		}
		e.Time = loginTime.Local().Format(time.RFC3339) // of what was written: see ignoreTimestamp
		checkEntry(t, e, cefsink.RFC3164, "unixgram", hostile[i])
	}
	// What it makes of RFC 5424, which therefore is not the default.
	if err := newCEFSink(t, address, cefsink.Options{Format: cefsink.RFC5424}).Send(t.Context(), hostileEvents(t)[:1]); err != nil {
		t.Fatal(err)
	}
	if e := server.wait(len(hostile) + 1)[len(hostile)]; e.App == "shop" || e.Pid == "4107" {
		t.Errorf("rsyslog's local socket reads RFC 5424 too: %+v", e)
	} else {
		t.Logf("of RFC 5424 rsyslog's local socket made: %+v", e)
	}
}

// A record of exactly the limit is one to rsyslog too, and one that would be longer is not split.
func TestRsyslogLimit(t *testing.T) {
	server := startRsyslog(t, nil, nil)
	s := newCEFSink(t, "tcp://"+server.addr, cefsink.Options{})
	var batch []envelope.Message
	const from, to = 3900, 4100 // each value stands there twice
	for n := from; n < to; n++ {
		batch = append(batch, securityEvent(t, strings.Repeat("x", n)))
	}
	if err := s.Send(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := server.wait(len(batch))
	longest := 0
	for _, e := range got {
		longest = max(longest, len(e.Raw))
		if line, err := cef.Parse(e.Msg); err != nil || line.Signature != "AuthFail" {
			t.Errorf("%v: %.80q", err, e.Msg)
		}
	}
	if len(got) != len(batch) || longest > 8192 || longest < 8190 || s.Stats().Cut == 0 {
		t.Errorf("%d entries of %d, the longest has %d bytes; %+v", len(got), len(batch), longest, s.Stats())
	}
}

// rsyslogd is killed and started again under load: nothing that was acknowledged is lost, some comes twice.
func TestRsyslogKilled(t *testing.T) {
	ca := certtest.New(t)
	cert, client := ca.Issue(t, "siem.test", time.Hour), ca.Issue(t, "router", time.Hour)
	for _, network := range []string{"tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			var server *rsyslog
			o := cefsink.Options{}
			if network == "tls" {
				server = startRsyslog(t, ca, &cert)
				o.TLS = &tls.Config{RootCAs: ca.Pool(), ServerName: "siem.test", Certificates: []tls.Certificate{client}}
			} else {
				server = startRsyslog(t, nil, nil)
			}
			s := newCEFSink(t, network+"://"+server.addr, o)
			var mu sync.Mutex
			acknowledged := 0
			count := func() int { mu.Lock(); defer mu.Unlock(); return acknowledged }
			ctx, stop := context.WithCancel(t.Context())
			var sending sync.WaitGroup
			sending.Go(func() {
				for n := 0; ctx.Err() == nil; {
					batch := []envelope.Message{}
					for i := range 10 {
						batch = append(batch, securityEvent(t, fmt.Sprintf("event-%d", n+i)))
					}
					if s.Send(t.Context(), batch) == nil {
						n += len(batch)
						mu.Lock()
						acknowledged = n
						mu.Unlock()
					}
					time.Sleep(5 * time.Millisecond)
				}
			})
			for round := range 3 {
				have := count()
				eventually(t, func() string { return "Sends go on" }, func() bool { return count() >= have+500 })
				server.kill()
				if round == 1 {
					time.Sleep(300 * time.Millisecond)
				}
				server.start()
			}
			have := count()
			eventually(t, func() string { return "Sends go on" }, func() bool { return count() >= have+200 })
			stop()
			sending.Wait()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			seen := make(map[string]int)
			missing := func() (n int) {
				clear(seen)
				for _, e := range server.entries() {
					if line, err := cef.Parse(e.Msg); err == nil {
						seen[line.Name]++
					}
				}
				for i := range acknowledged {
					if seen[fmt.Sprintf("event-%d", i)] == 0 {
						n++
					}
				}
				return n
			}
			eventually(t, func() string { return fmt.Sprintf("%d of %d are lost", missing(), acknowledged) }, func() bool { return missing() == 0 })
			twice := 0
			for _, n := range seen {
				twice += n - 1
			}
			a := s.Account()
			t.Logf("%d acknowledged, all there; %d repeats; %+v; refused meanwhile %d", acknowledged, twice, s.Stats(), a.Refused)
			if !a.Balanced() || a.Done != uint64(acknowledged) || s.Stats().GivenUp != 0 {
				t.Errorf("account %+v, stats %+v", a, s.Stats())
			}
		})
	}
}

// What TLS must refuse, told by Send, and nothing arrives.
func TestRsyslogRefusals(t *testing.T) {
	ca, other := certtest.New(t), certtest.New(t)
	good, expired := ca.Issue(t, "siem.test", time.Hour), ca.Issue(t, "siem.test", -time.Hour)
	server, old := startRsyslog(t, ca, &good), startRsyslog(t, ca, &expired)
	mine := func() *tls.Config {
		return &tls.Config{RootCAs: ca.Pool(), ServerName: "siem.test", Certificates: []tls.Certificate{ca.Issue(t, "router", time.Hour)}}
	}
	wrongName, unknown, wrongClient, oldClient, noClient, v12 := mine(), mine(), mine(), mine(), mine(), mine()
	wrongName.ServerName = "other.test"
	unknown.RootCAs = nil
	wrongClient.Certificates = []tls.Certificate{other.Issue(t, "router", time.Hour)}
	oldClient.Certificates = []tls.Certificate{ca.Issue(t, "router", -time.Hour)}
	noClient.Certificates = nil
	v12.MaxVersion = tls.VersionTLS12
	v12.Certificates = wrongClient.Certificates
	for _, test := range []struct {
		name   string
		server *rsyslog
		config *tls.Config
	}{
		{"expired certificate", old, mine()}, {"wrong name", server, wrongName}, {"unknown authority", server, unknown},
		{"client of another authority", server, wrongClient}, {"client of another authority, TLS 1.2", server, v12},
		{"expired client certificate", server, oldClient}, {"no client certificate", server, noClient},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newCEFSink(t, "tls://"+test.server.addr, cefsink.Options{TLS: test.config})
			for range 3 {
				err := s.Send(t.Context(), []envelope.Message{securityEvent(t, "x")})
				if err == nil || sink.IsPermanent(err) {
					t.Errorf("Send returned %v", err)
				}
				t.Log(err)
				time.Sleep(sink.RetryDelay(err))
			}
			if got := test.server.entries(); len(got) > 0 {
				t.Errorf("rsyslog wrote %+v", got)
			}
		})
	}
}

// A server that is stopped accepts and never reads: Send waits as long as its context, and all comes when it goes on.
func TestRsyslogStopped(t *testing.T) {
	server := startRsyslog(t, nil, nil)
	s := newCEFSink(t, "tcp://"+server.addr, cefsink.Options{})
	if err := s.Send(t.Context(), []envelope.Message{securityEvent(t, "first")}); err != nil {
		t.Fatal(err)
	}
	server.wait(1)
	server.signal(syscall.SIGSTOP)
	defer server.signal(syscall.SIGCONT)
	acknowledged, long := 0, strings.Repeat("x", 3000)
	var err error
	for err == nil {
		var batch []envelope.Message
		for i := range 100 {
			batch = append(batch, securityEvent(t, fmt.Sprintf("event-%d-%s", acknowledged+i, long)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		begin := time.Now()
		if err = s.Send(ctx, batch); err == nil {
			acknowledged += len(batch)
		} else if took := time.Since(begin); took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			for _, err := range sink.Failures(err, len(batch)) {
				if took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("after %v Send returned %v", took, err)
				}
			}
		}
		cancel()
	}
	server.signal(syscall.SIGCONT)
	t.Logf("%d acknowledged by the kernels' buffers while rsyslogd was stopped", acknowledged)
	eventually(t, func() string { return "all that was acknowledged" }, func() bool {
		seen := make(map[string]bool)
		for _, e := range server.entries() {
			if line, err := cef.Parse(e.Msg); err == nil {
				number, _, _ := strings.Cut(strings.TrimPrefix(line.Name, "event-"), "-")
				seen[number] = true
			}
		}
		for i := range acknowledged {
			if !seen[fmt.Sprint(i)] {
				return false
			}
		}
		return true
	})
}

// An independent parser takes every form that is sent, and reads the same in it.
func TestSyslogParserTakesAll(t *testing.T) {
	for _, format := range []cefsink.Format{cefsink.RFC5424, cefsink.RFC3164} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		var results []*syslog.Result
		done := make(chan error, 1)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				done <- err
				return
			}
			defer conn.Close()
			listen := syslog.WithListener(func(r *syslog.Result) { results = append(results, r) })
			if format == cefsink.RFC5424 {
				octetcounting.NewParser(listen, syslog.WithMaxMessageLength(8192)).Parse(conn)
			} else {
				octetcounting.NewParserRFC3164(listen, syslog.WithMaxMessageLength(8192)).Parse(conn)
			}
			_, err = io.Copy(io.Discard, conn)
			done <- err
		}()
		s := newCEFSink(t, "tcp://"+listener.Addr().String(), cefsink.Options{Format: format})
		batch := append(hostileEvents(t), securityEvent(t, "defaults"))
		if err := errors.Join(s.Send(t.Context(), batch), s.Shutdown(t.Context()), <-done); err != nil {
			t.Fatal(err)
		}
		if len(results) != len(batch) {
			t.Fatalf("%d records of %d", len(results), len(batch))
		}
		for i, r := range results {
			if r.Error != nil {
				t.Errorf("record %d: %v", i, r.Error)
				continue
			}
			var base syslog.Base
			switch m := r.Message.(type) {
			case *rfc5424.SyslogMessage:
				base = m.Base
				if m.Version != 1 || !m.Timestamp.Equal(loginTime) || m.StructuredData != nil || base.MsgID != nil {
					t.Errorf("record %d: %+v", i, m)
				}
			case *rfc3164.SyslogMessage:
				base = m.Base
			}
			priority, app, process := uint8(145), "shop", "4107"
			if i == len(hostile) {
				priority, app, process = 166, "metlog", ""
			}
			if *base.Priority != priority || *base.Hostname != "web3" || *base.Appname != app || (base.ProcID == nil) != (process == "") || process != "" && *base.ProcID != process {
				t.Errorf("record %d: %+v", i, base)
			}
			line, err := cef.Parse(*base.Message)
			if err != nil {
				t.Fatal(err)
			}
			if value, _ := line.Get("msg"); i < len(hostile)-1 && value != unfit.Replace(hostile[i]) {
				t.Errorf("record %d: %q", i, value)
			}
		}
	}
}
