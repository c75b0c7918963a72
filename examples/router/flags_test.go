package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

func TestParse(t *testing.T) {
	defaults := config{zmq: list{"tcp://127.0.0.1:5565"}, udp: "127.0.0.1:5565", archive: "./metlog-archive"}
	defaults.hdfs.root = "/metlog"
	with := func(change func(*config)) config {
		c := defaults
		change(&c)
		return c
	}
	tests := []struct {
		name, args string
		want       config
	}{
		{"no flags", "", defaults},
		{"ZeroMQ twice, no UDP then", "-zmq tcp://127.0.0.1:1 -zmq >tcp://h:2", with(func(c *config) {
			c.zmq, c.udp = list{"tcp://127.0.0.1:1", ">tcp://h:2"}, ""
		})},
		{"only a subscription", "-zmq-sub >tcp://h:2", with(func(c *config) {
			c.zmq, c.zmqSub, c.udp = nil, list{">tcp://h:2"}, ""
		})},
		{"only UDP", "-udp [::1]:3", with(func(c *config) { c.zmq, c.udp = nil, "[::1]:3" })},
		{"the archive", "-archive a -compress none -sync", with(func(c *config) {
			c.archive, c.compress, c.sync = "a", archivesink.Plain, true
		})},
		{"zstd", "-compress zstd", with(func(c *config) { c.compress = archivesink.Zstd })},
		{"gzip", "-compress gzip", defaults},
		{"where to", "-statsd h:8125 -rules r", with(func(c *config) { c.statsd, c.rules = "h:8125", "r" })},
		{"to ArcSight", "-cef tls://h:6514 -cef-ca a -cef-cert c -cef-key k", with(func(c *config) {
			c.cef, c.cefTLS.ca, c.cefTLS.cert, c.cefTLS.key = "tls://h:6514", "a", "c", "k"
		})},
		{"to Sentry", "-sentry https://k@h/1 -sentry-allow h:443 -sentry-allow i:443", with(func(c *config) {
			c.sentry, c.sentryAllow = "https://k@h/1", list{"h:443", "i:443"}
		})},
		{"to HDFS", "-hdfs n1:8020,n2:8020 -hdfs-root /logs -hdfs-user u", with(func(c *config) {
			c.hdfs.namenodes, c.hdfs.root, c.hdfs.user = "n1:8020,n2:8020", "/logs", "u"
		})},
		{"what is shown", "-demo -quiet", with(func(c *config) { c.demo, c.quiet = true, true })},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			got, err := parse(strings.Fields(test.args), &out)
			if err != nil || out.Len() > 0 {
				t.Fatal(err, out.String())
			}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"no such flag", "-zqm x", "-zqm"},
		{"no such compression", "-compress lz4", `-compress: none, gzip or zstd, not "lz4"`},
		{"a flag without its value", "-zmq", "-zmq"},
		{"no boolean", "-sync=perhaps", "-sync"},
		{"an argument", "-quiet archive", `"archive"`},
		{"a certificate for nobody", "-cef-cert c", "-cef-cert"},
		{"a certificate without its key", "-cef tls://h:1 -cef-cert c", "-cef-key"},
		{"a key without its certificate", "-cef tls://h:1 -cef-key k", "-cef-cert"},
		{"an authority where there is no TLS", "-cef udp://h:1 -cef-ca a", "-cef-ca"},
		{"leave for nobody", "-sentry-allow h:1", "-sentry-allow"},
		{"no namenode", "-hdfs=", "-hdfs is empty"},
		{"a directory of nobody", "-hdfs-root /x", "-hdfs-root"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			c, err := parse(strings.Fields(test.args), &out)
			if err == nil || c != nil {
				t.Fatal("accepted")
			}
			if lines := strings.Split(out.String(), "\n"); len(lines) != 3 || !strings.Contains(lines[0], test.want) || !strings.Contains(lines[1], "-h") {
				t.Errorf("it says %q", out.String())
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var out strings.Builder
	if _, err := parse([]string{"-h"}, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for _, text := range []string{
		"-zmq ENDPOINT", "-zmq-sub ENDPOINT", "-udp ADDR", "-archive DIR", "-compress none|gzip|zstd", "-sync", "-statsd ADDR",
		"-cef URL", "unixgram://", "LOCAL0 to LOCAL7", "-cef-ca FILE", "-cef-cert FILE", "-cef-key FILE", "-sentry DSN", "-sentry-allow HOST:PORT",
		"-hdfs NAMENODE[,NAMENODE]", "-hdfs-root PATH", "-hdfs-user USER", "-rules FILE", "-demo", "-quiet", "tcp://127.0.0.1:5565", "./metlog-archive",
	} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the help does not say %q:\n%s", text, out.String())
		}
	}
}

func TestReadRules(t *testing.T) {
	archive := map[string]sink.Sink{"archive": sink.Discard}
	both := map[string]sink.Sink{"archive": sink.Discard, "statsd": sink.Discard}
	all := map[string]sink.Sink{"archive": sink.Discard, "statsd": sink.Discard, "cef": sink.Discard, "sentry": sink.Discard}
	tests := []struct {
		name   string
		config config
		file   string
		sinks  map[string]sink.Sink
		want   string // rules, or what the error says
	}{
		{"the default", config{}, "", archive, "archive"},
		{"the default with statsd", config{statsd: "h:1"}, "", both, "stats, archive"},
		{"the default with everything", config{}, "", all, "stats, security, crashes, archive"},
		{"a file", config{}, "cef: Type == 'cef' -> archive # all\n\nrest: OTHERWISE -> statsd", both, "cef, rest"},
		{"a file that wants what is not there", config{}, "a: TRUE -> archive\nb: OTHERWISE -> statsd", archive,
			"line 2: rule b: sink statsd is not configured"},
		{"a file of something else", config{}, "{}", archive, "line 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.file != "" {
				test.config.rules = filepath.Join(t.TempDir(), "rules")
				if err := os.WriteFile(test.config.rules, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			rules, err := test.config.readRules(test.sinks)
			if err != nil {
				if text := err.Error(); !strings.Contains(text, test.want) || !strings.HasPrefix(text, "-rules "+test.config.rules) {
					t.Errorf("error %q, not of %q", text, test.want)
				}
				return
			}
			if got := names(rules); got != test.want {
				t.Errorf("rules %s, not %s", got, test.want)
			}
		})
	}
	missing := config{rules: filepath.Join(t.TempDir(), "none")}
	if _, err := missing.readRules(archive); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "-rules: ") {
		t.Errorf("a file that is not there: %v", err)
	}
}
