package sentrysink

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestNewTarget(t *testing.T) {
	for _, test := range []struct{ dsn, url, name string }{
		{"https://k1@sentry.example.com/7", "https://sentry.example.com/api/7/envelope/", "https://sentry.example.com:443/7"},
		{"http://k1:s1@127.0.0.1:9000/2", "http://127.0.0.1:9000/api/2/envelope/", "http://127.0.0.1:9000/2"},
		{"https://k1:s1@sentry.example.com/sentry/3", "https://sentry.example.com/sentry/api/3/envelope/", "https://sentry.example.com:443/sentry/3"},
		{"http://k1@[::1]:9000/2", "http://[::1]:9000/api/2/envelope/", "http://[::1]:9000/2"},
		{"http://k1@[0:0:0:0:0:0:0:1]:9000/2", "http://[0:0:0:0:0:0:0:1]:9000/api/2/envelope/", "http://[::1]:9000/2"},
		{"http://k1@SENTRY.example.com/shop", "http://SENTRY.example.com/api/shop/envelope/", "http://sentry.example.com:80/shop"},
	} {
		t.Run(test.dsn, func(t *testing.T) {
			to, err := newTarget(test.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if to.url != test.url || to.name != test.name || !strings.HasSuffix(to.auth, "sentry_key=k1") && !strings.HasSuffix(to.auth, "sentry_key=k1, sentry_secret=s1") {
				t.Errorf("%+v", to)
			}
		})
	}
}

// What New refuses it names, and it quotes no key.
func TestWrongDSNs(t *testing.T) {
	const key, secret = "0123456789abcdef", "fedcba9876543210"
	for _, dsn := range []string{
		"sentry.example.com", "udp://KEY:SECRET@h:9001/7", "ftp://KEY:SECRET@h/7", "https://h/7", "https://KEY:SECRET@h", "https://KEY:SECRET@h/",
		"https://KEY:SECRET@/7", "https://KEY:SECRET@h:0/7", "https://KEY:SECRET@h:65536/7", "https://KEY:SECRET@h:port/7", "https://KEY:SECRET@h:-1/7",
		"https://KEY:SECRET@good.example@evil.example/7", "https://KEY@good.example:443@evil.example/7", "https://KEY:SECRET@h/7?x=1", "https://KEY:SECRET@h/7#x",
		"https://KEY:SECRET@h/a/../7", "https://KEY:SECRET@h/./7", "https://KEY:SECRET@h//7", "https://KEY:SECRET@h/a%2f7", "https://KEY:SECRET@h\\@evil/7",
		"https://KEY:SECRET@h/7,x", "https://KEY,x:SECRET@h/7", "https://KEY:SECRET@h/7\r\nX: y", "https://KEY:SECRET@h /7", "https://KEY:SECRET@[::1/7",
		"https://KEY:SECRET@[fe80::1%25eth0]/7", "https://KEY:SECRET@hö/7", "https://KEY:SECRET@h/" + strings.Repeat("x", 2000), "https:KEY:SECRET@h/7", "//KEY:SECRET@h/7",
	} {
		dsn = strings.NewReplacer("KEY", key, "SECRET", secret).Replace(dsn)
		t.Run(dsn[:min(len(dsn), 80)], func(t *testing.T) {
			_, err := New(dsn, nil)
			var wrong *DSNError
			if !errors.As(err, &wrong) || wrong.Where != "dsn" {
				t.Fatalf("error %v", err)
			}
			if text := err.Error(); strings.Contains(text, key) || strings.Contains(text, secret) {
				t.Errorf("a key is in %q", text)
			}
			m := seal(t, envelope.Draft{Type: "x", Fields: []slog.Attr{slog.String("dsn", dsn)}})
			s := newSink(t, "", &Options{Allow: []string{"h:443", "h:80", "good.example:443", "[::1]:443"}})
			err = s.Send(t.Context(), []envelope.Message{m})
			for _, failure := range sink.Failures(err, 1) {
				if !errors.As(failure, &wrong) || wrong.Where != "fields.dsn" || !sink.IsPermanent(failure) {
					t.Errorf("error %v", failure)
				}
			}
			if text := fmt.Sprint(err, s.Account()); err == nil || strings.Contains(text, key) || strings.Contains(text, secret) {
				t.Errorf("error %v, account %v", err, s.Account())
			}
		})
	}
}

func TestWrongOptions(t *testing.T) {
	const dsn = "https://k1@h/7"
	for _, test := range []struct {
		want    string
		dsn     string
		options Options
	}{
		{"dsn", "", Options{}},
		{"MaxEvent", dsn, Options{MaxEvent: -1}},
		{"MaxInflated", dsn, Options{MaxInflated: -1}},
		{"Requests", dsn, Options{Requests: -1}},
		{"Timeout", dsn, Options{Timeout: -1}},
		{"Redact", dsn, Options{Redact: []string{""}}},
		{"ByLogger[shop]", dsn, Options{ByLogger: map[string]string{"shop": ""}}},
		{"ByProject[7]", dsn, Options{ByProject: map[string]string{"7": "x"}}},
		{"ByDSN", dsn, Options{ByDSN: map[string]string{"udp://h:9001/7": "udp://k1@h:9001/7"}}},
		{"key of Options.ByDSN", dsn, Options{ByDSN: map[string]string{"udp://h/7": dsn}}},
		{"key of Options.ByDSN", dsn, Options{ByDSN: map[string]string{"udp://h:9001": dsn}}},
		{"key of Options.ByDSN: is another", dsn, Options{ByDSN: map[string]string{"udp://k1:s1@h:9001/7": dsn, "udp://k2:s2@H:9001/7": dsn}}},
		{"Allow[0]", dsn, Options{Allow: []string{"h"}}},
		{"Allow[1]", dsn, Options{Allow: []string{"h:80", "h:"}}},
		{"Allow[0]", dsn, Options{Allow: []string{":80"}}},
		{"Allow[0]", dsn, Options{Allow: []string{"h:0"}}},
		{"Allow[0]", dsn, Options{Allow: []string{"k1@h:80"}}},
		{"Allow[0]", dsn, Options{Allow: []string{"http://k1@h:80"}}},
	} {
		if _, err := New(test.dsn, &test.options); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "k1") {
			t.Errorf("%s: error %v", test.want, err)
		}
	}
}

func TestChoose(t *testing.T) {
	var all targets
	err := all.open("https://k1@one.example/1", &Options{
		ByLogger:  map[string]string{"shop": "https://k1@logger.example/1"},
		ByProject: map[string]string{"9": "https://k1@project.example/1"},
		ByDSN:     map[string]string{"udp://old.example:9001/7": "https://k1@table.example/1", "http://old.example/7": "https://k1@table.example/2"},
		Allow:     []string{"allowed.example:443", "[::1]:9000", "127.0.0.1:80"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ dsn, logger, project, want string }{
		{"", "", "", "one.example"},
		{"", "shop", "", "logger.example"},
		{"", "shop", "9", "project.example"},
		{"", "", "10", "one.example"},
		{"udp://pub:sec@old.example:9001/7", "shop", "9", "table.example:443/1"},
		{"udp://PUB:other@OLD.example:9001/7", "shop", "9", "table.example:443/1"},
		{"http://pub:sec@old.example:80/7", "", "", "table.example:443/2"},
		{"https://pub:sec@allowed.example/5", "shop", "9", "allowed.example:443/5"},
		{"https://pub:sec@Allowed.Example:443/5", "", "", "allowed.example:443/5"},
		{"http://pub@[0:0::1]:9000/5", "", "", "[::1]:9000/5"},
		{"http://pub@127.0.0.1/5", "", "", "127.0.0.1:80/5"},
		// Where a message must not lead: other ports, metadata services, the router itself, names that look alike.
		{"http://pub@allowed.example/5", "", "", "refused"},
		{"https://pub@allowed.example:8443/5", "", "", "refused"},
		{"http://pub@169.254.169.254/5", "", "", "refused"},
		{"http://pub@[fd00:ec2::254]/5", "", "", "refused"},
		{"http://pub@metadata.google.internal/5", "", "", "refused"},
		{"http://pub@127.0.0.1:5565/5", "", "", "refused"},
		{"http://pub@localhost/5", "", "", "refused"},
		{"http://pub@127.1/5", "", "", "refused"},
		{"http://pub@0x7f000001/5", "", "", "refused"},
		{"http://pub@2130706433/5", "", "", "refused"},
		{"http://pub@[::ffff:127.0.0.1]/5", "", "", "refused"},
		{"http://pub@[::]:9000/5", "", "", "refused"},
		{"https://pub@allowed.example./5", "", "", "refused"},
		{"https://allowed.example:443@evil.example/5", "", "", "refused"},
		{"https://pub@evil.example/allowed.example:443/5", "", "", "refused"},
		{"https://pub@allowed.example.evil.example/5", "", "", "refused"},
		{"udp://pub@allowed.example:443/5", "", "", "refused"},
		{"gopher://pub@allowed.example:443/5", "", "", "refused"},
		{"udp://pub:sec@old.example:9001/8", "", "", "refused"},
		{"udp://pub:sec@old.example:9002/7", "", "", "refused"},
	} {
		m := seal(t, envelope.Draft{Type: "x", Logger: test.logger, Fields: []slog.Attr{slog.String("dsn", test.dsn)}})
		to, err := all.choose(&m, test.project)
		switch {
		case err != nil && test.want != "refused":
			t.Errorf("%s, %s, %s: %v", test.dsn, test.logger, test.project, err)
		case err == nil && !strings.Contains(to.name, test.want):
			t.Errorf("%s, %s, %s: %s, want %s", test.dsn, test.logger, test.project, to.name, test.want)
		}
	}
}

// An operator is told what to put on which list, and no more of the DSN.
func TestRefusedDSNs(t *testing.T) {
	s := newSink(t, "", &Options{Allow: []string{"good.example:443"}})
	long := strings.Repeat("x", 900)
	for _, test := range []struct{ dsn, want string }{
		{"https://pub:sec@Evil.Example/path/7", `"evil.example:443" is not on the list of addresses allowed`},
		{"http://pub:sec@[::1]:5565/7", `"[::1]:5565" is not on the list of addresses allowed`},
		{"https://good.example:443@evil.example/7", `"evil.example:443" is not on the list of addresses allowed`},
		{"https://pub@" + long + "/7", `"` + long[:maxAddress] + `…" is not on the list of addresses allowed`},
		{"https://pub/7", "what it names as host and port is not on the list of addresses allowed"},
		{"https://pub@good.example/", "names no project"},
		{"https:///7", "names no host"},
		{"file:///etc/passwd", "is no http or https URL and not in Options.ByDSN"},
		{"udp://pub:sec@good.example:443/7", "is no http or https URL and not in Options.ByDSN"},
		{"good.example:443", "is no http or https URL and not in Options.ByDSN"},
	} {
		err := s.Send(t.Context(), []envelope.Message{seal(t, envelope.Draft{Type: "x", Fields: []slog.Attr{slog.String("dsn", test.dsn)}})})
		for _, err := range failures(err, 1) {
			if want := "sentrysink: fields.dsn: " + test.want; err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", test.dsn, err, want)
			}
		}
	}
}

// Without lists, what a message says of DSNs is not even looked at.
func TestDSNIsIgnored(t *testing.T) {
	to := listen(t)
	s := newSink(t, to.dsn("7"), nil)
	for _, dsn := range []slog.Attr{slog.String("dsn", "http://k1@evil.example/1"), slog.Any("dsn", nil), slog.Int("dsn", 5), slog.String("dsn", "")} {
		if err := s.Send(t.Context(), []envelope.Message{seal(t, envelope.Draft{Type: "x", Fields: []slog.Attr{dsn}})}); err != nil {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	if n := len(to.received()); n != 4 {
		t.Errorf("%d events", n)
	}
}

// A message without a DSN, and one whose DSN is no text, go where the configuration says; if nowhere, they are refused.
func TestNoDSN(t *testing.T) {
	s := newSink(t, "", &Options{Allow: []string{"127.0.0.1:80"}})
	err := s.Send(t.Context(), []envelope.Message{seal(t, envelope.Draft{Type: "x"})})
	var wrong *DSNError
	for _, failure := range sink.Failures(err, 1) {
		if !errors.As(failure, &wrong) || !sink.IsPermanent(failure) {
			t.Errorf("error %v", failure)
		}
	}
	if err == nil || s.Account().Name != "sentry" {
		t.Errorf("error %v, account %v", err, s.Account())
	}
}
