package cefsink

import (
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

func TestIsWritten(t *testing.T) {
	const head = "CEF:0|v|p|1|s|n|5|"
	for _, test := range []struct {
		name, payload string
		want          bool
	}{
		{"no extension", head, true},
		{"one", head + "src=203.0.113.9", true},
		{"several", head + "src=203.0.113.9 msg=two words  and | bars suser= cs1Label=x", true},
		{"version 1, severity 10", "CEF:1|v|p|1|s|n|10|a=1", true},
		{"empty headers", "CEF:0||||||0|", true},
		{"a date before", "Mar 02 10:15:04 web3 " + head, false},
		{"a long version", "CEF:00|v|p|1|s|n|5|", false},
		{"no severity", "CEF:0|v|p|1|s|n||", false},
		{"a severity that is none", "CEF:0|v|p|1|s|n|05|", false},
		{"too large", "CEF:0|v|p|1|s|n|11|", false},
		{"a word", "CEF:0|v|p|1|s|n|Low|", false},
		{"no last bar", "CEF:0|v|p|1|s|n|5", false},
		{"a bar in the vendor", "CEF:0|v|w|p|1|s|n|5|a=1", false},
		{"no key", head + "x", false},
		{"a space first", head + " a=1", false},
		{"an empty key", head + "=1", false},
		{"a bare equals sign", head + "a=1=2", false},
		{"a key with a hyphen", head + "a=1 b-c=2", false},
		{"a key that is long", head + strings.Repeat("k", maxKey+1) + "=1", false},
		{"escapes and a bare equals sign", head + `a=1\=2 b=\\\\ \n=\r`, false},
		{"escapes", head + `a=1\=2 b=\\\\ \n\=\r c=\\`, true},
		{"an escaped bar", head + `a=\|`, false},
		{"no escape", head + `a=\t`, false},
		{"a backslash at the end", head + `a=\\\`, false},
		{"an escape in a header", `CEF:0|v\|w|p|1|s|n|5|a=1`, false},
		{"a tab", head + "a=1\t", false},
		{"NUL", head + "a=\x00 more than eight bytes", false},
		{"DEL", head + "a=1\x7f more", false},
		{"a line", head + "a=1\n", false},
		{"not ASCII", head + "suser=zoë and more", false},
		{"nothing", "", false},
		{"short", "CEF:0|", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := isWritten(test.payload); got != test.want {
				t.Errorf("isWritten(%q) is %v", test.payload, got)
			}
		})
	}
}

// What is written as it stands is what would be written otherwise.
func FuzzIsWritten(f *testing.F) {
	for _, payload := range []string{"CEF:0|v|p|1|s|n|5|src=203.0.113.9 msg=two words | suser= a=1 2", "CEF:1||||||10|", "CEF:0|v|w|p|1|s|n|5|a=1", `CEF:0|v|p|1|s|n|5|a=1\=2 b=\\\n\r c=\\ d=1`} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		if !isWritten(payload) {
			return
		}
		event, err := cef.Parse(payload)
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		line, err := event.Append(nil)
		if err != nil || event.Before != "" {
			t.Fatalf("%q: %v, before it %q", payload, err, event.Before)
		}
		if line, replaced := plain(line, 0); string(line) != payload || replaced {
			t.Errorf("%q would be %q", payload, line)
		}
	})
}

// Fields that a message shares with the one before are not read again, and yet all that is odd in them is counted.
func TestOriginOfTheSameFields(t *testing.T) {
	e := newEncoder(t, "tcp://siem:601", &Options{Idents: []string{"shop"}})
	alert := map[string]any{"syslog_priority": "ALERT", "syslog_ident": "shop"}
	wrong := map[string]any{"syslog_priority": "ALERT", "syslog_ident": "sshd"}
	for i, test := range []struct {
		meta map[string]any
		want string
	}{{nil, "<166>1 web3 metlog"}, {alert, "<161>1 web3 shop"}, {alert, "<161>1 web3 shop"}, {wrong, "<161>1 web3 metlog"}, {wrong, "<161>1 web3 metlog"}, {alert, "<161>1 web3 shop"}, {nil, "<166>1 web3 metlog"}} {
		words := strings.Fields(recordOf(t, e, withMeta(t, login, test.meta)))
		if got := words[0] + " " + words[2] + " " + words[3]; got != test.want {
			t.Errorf("record %d begins with %q, not %q", i, got, test.want)
		}
	}
	if got := e.counts.stats().Ident; got != 2 {
		t.Errorf("%d idents counted", got)
	}
}
