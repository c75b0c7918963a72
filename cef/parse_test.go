package cef_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

func TestParse(t *testing.T) {
	event := func(extensions ...cef.Extension) cef.Event {
		return cef.Event{Vendor: "v", Product: "p", DeviceVersion: "1", Signature: "s", Name: "n", Severity: 5, Extensions: extensions}
	}
	x := func(key cef.Key, value string) cef.Extension { return cef.Extension{Key: key, Value: value} }
	with := func(e cef.Event, change func(*cef.Event)) cef.Event {
		change(&e)
		return e
	}
	for _, tt := range []struct {
		name, text, before, severity string
		want                         cef.Event
	}{
		{"headers", "CEF:0|v|p|1|s|n|5|", "", "5", event()},
		{"no last bar", "CEF:0|v|p|1|s|n|5", "", "5", event()},
		{"spaces after the headers", "CEF:0|v|p|1|s|n|5|  a=1", "", "5", event(x("a", "1"))},
		{"version", "CEF:12|v|p|1|s|n|5|", "", "5", with(event(), func(e *cef.Event) { e.Version = 12 })},
		{"empty headers", "CEF:0||||||5|", "", "5", cef.Event{Severity: 5}},
		{"escapes", `CEF:0|v\||\\p|1\q|s\n|n\=|5|a=\=\\\n\r\|\q`, "", "5", cef.Event{
			Vendor: "v|", Product: `\p`, DeviceVersion: `1\q`, Signature: `s\n`, Name: `n\=`, Severity: 5, Extensions: []cef.Extension{x("a", "=\\\n\r|\\q")},
		}},
		{"a backslash ends it", `CEF:0|v|p|1|s|n|5|a=1 b=\`, "", "5", event(x("a", "1"), x("b", `\`))},
		{"a backslash before a space", `CEF:0|v|p|1|s|n|5|a=\ b=1`, "", "5", event(x("a", `\`), x("b", "1"))},
		{"spaces in values", "CEF:0|v|p|1|s|n|5|a=1 2  b= 3 c=  ", "", "5", event(x("a", "1 2 "), x("b", " 3"), x("c", "  "))},
		{"empty values", "CEF:0|v|p|1|s|n|5|a= b= c=", "", "5", event(x("a", ""), x("b", ""), x("c", ""))},
		{"the same key", "CEF:0|v|p|1|s|n|5|a=1 a=2", "", "5", event(x("a", "1"), x("a", "2"))},
		{"bare equals", "CEF:0|v|p|1|s|n|5|a=1=2==3 b=4", "", "5", event(x("a", "1=2==3"), x("b", "4"))},
		{"bare equals after a space", "CEF:0|v|p|1|s|n|5|a=1 =2 b=4", "", "5", event(x("a", "1 =2"), x("b", "4"))},
		{"no key", "CEF:0|v|p|1|s|n|5|a=1 b/c=2 d=3", "", "5", event(x("a", "1 b/c=2"), x("d", "3"))},
		{"hyphen and dot in keys", "CEF:0|v|p|1|s|n|5|a-b=1 .c=2 -d=3", "", "5", event(x("a_b", "1"), x("_c", "2"), x("_d", "3"))},
		{"bare lines", "CEF:0|v|p|1|s|n|5|a=1\nb=2\r c=3", "", "5", event(x("a", "1\nb=2\r"), x("c", "3"))},
		{"lines in headers", "CEF:0|v|p|1|a\\\nb\r|n|5|", "", "5", with(event(), func(e *cef.Event) { e.Signature = "a b " })},
		{"bar in the vendor", "CEF:0|v|w|p|1|s|n|5|a=1", "", "5", with(event(x("a", "1")), func(e *cef.Event) { e.Vendor = "v|w" })},
		{"bars in the vendor", "CEF:0|v|w||p|1|s|n|5|a=1", "", "5", with(event(x("a", "1")), func(e *cef.Event) { e.Vendor = "v|w|" })},
		{"bar in a value", "CEF:0|v|p|1|s|n|5|a=1|2|b=3", "", "5", event(x("a", "1|2|b=3"))},
		{"large severity", "CEF:0|v|p|1|s|n|99|a=1", "", "99", with(event(x("a", "1")), func(e *cef.Event) { e.Severity = 10 })},
		{"small severity", "CEF:0|v|p|1|s|n|-3|a=1", "", "-3", with(event(x("a", "1")), func(e *cef.Event) { e.Severity = 0 })},
		{"huge severity", "CEF:0|v|p|1|s|n|18446744073709551617|", "", "18446744073709551617", with(event(), func(e *cef.Event) { e.Severity = 10 })},
		{"low", "CEF:0|v|p|1|s|n|Low|", "", "Low", with(event(), func(e *cef.Event) { e.Severity = 3 })},
		{"medium", "CEF:0|v|p|1|s|n|medium|", "", "medium", with(event(), func(e *cef.Event) { e.Severity = 6 })},
		{"high", "CEF:0|v|p|1|s|n|High|", "", "High", with(event(), func(e *cef.Event) { e.Severity = 8 })},
		{"very high", "CEF:0|v|p|1|s|n|Very-High|", "", "Very-High", with(event(), func(e *cef.Event) { e.Severity = 10 })},
		{"unknown", "CEF:0|v|p|1|s|n|Unknown|", "", "Unknown", event()},
		{"text", `CEF:0|v|p|1|s|n|a\|b|c=1`, "", "a|b", event(x("c", "1"))},
		{"no severity", "CEF:0|v|p|1|s|n||c=1", "", "", event(x("c", "1"))},
		{"a text before", "Nov 02 09:30:00 web3 CEF:0|v|p|1|s|n|5|", "Nov 02 09:30:00 web3 ", "5", event()},
		{"CEF before", "CEF: CEF:x|CEF:0 CEF:1234| CEF:0|v|p|1|s|n|5|", "CEF: CEF:x|CEF:0 CEF:1234| ", "5", event()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := cef.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			sameEvent(t, &l.Event, &tt.want)
			if l.Before != tt.before || l.SeverityText != tt.severity {
				t.Errorf("before %q, severity %q", l.Before, l.SeverityText)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, header, want string }{
		{"", "", "cef: no CEF"},
		{"hello", "", "cef: no CEF"},
		{"CEF:", "", "cef: no CEF"},
		{"CEF:0", "", "cef: no CEF"},
		{"CEF:x|v|p|1|s|n|5|", "", "cef: no CEF"},
		{"cef:0|v|p|1|s|n|5|", "", "cef: no CEF"},
		{"CEF:1000|v|p|1|s|n|5|", "", "cef: no CEF"},
		{"CEF:0|", "vendor", "cef: vendor: is missing"},
		{"CEF:0|v", "vendor", "cef: vendor: is missing"},
		{"CEF:0|v|p", "product", "cef: product: is missing"},
		{"CEF:0|v|p|1", "device version", "cef: device version: is missing"},
		{"CEF:0|v|p|1|s", "signature", "cef: signature: is missing"},
		{"CEF:0|v|p|1|s|n", "name", "cef: name: is missing"},
		{"CEF:0|v|p|1|s|n|x", "severity", "cef: severity: is missing"},
		{"CEF:0|v|p|1|s|n|5|no key", "extensions", "cef: extensions: do not begin with a key"},
		{"CEF:0|v|p|1|s|n|5|=", "extensions", "cef: extensions: do not begin with a key"},
		{"CEF:0" + strings.Repeat("|v", 50) + "|5|a=1", "extensions", "cef: extensions: do not begin with a key"},
	} {
		l, err := cef.Parse(tt.text)
		var wrong *cef.Error
		if l != nil || !errors.As(err, &wrong) || wrong.Header != tt.header || err.Error() != tt.want {
			t.Errorf("%.60q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

// A Line that is used again has nothing of the last.
func TestParseAgain(t *testing.T) {
	var l cef.Line
	for _, text := range []string{"x CEF:1|v|p|1|s|n|Low|a=1 b=2 c=3", "CEF:0|||||||d=4"} {
		if err := l.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	want := cef.Event{Severity: 5, Extensions: []cef.Extension{{Key: "d", Value: "4"}}}
	sameEvent(t, &l.Event, &want)
	if l.Before != "" || l.SeverityText != "" {
		t.Errorf("%+v", l)
	}
}

// Time and memory grow with the text alone.
func TestParseLarge(t *testing.T) {
	const n = 1 << 20
	for name, text := range map[string]string{
		"bars":        "CEF:0" + strings.Repeat("|a", n),
		"keys":        "CEF:0|v|p|1|s|n|5|" + strings.Repeat("a=1 ", n/4),
		"equals":      "CEF:0|v|p|1|s|n|5|a" + strings.Repeat("=", n),
		"spaces":      "CEF:0|v|p|1|s|n|5|a=" + strings.Repeat(" ", n),
		"backslashes": "CEF:0|v|p|1|s|n|5|a=" + strings.Repeat(`\`, n),
		"begins":      strings.Repeat("CEF:1", n/5),
		"a key":       "CEF:0|v|p|1|s|n|5|" + strings.Repeat("a", n) + "=1",
		"not a key":   "CEF:0|v|p|1|s|n|5|a=1 " + strings.Repeat("b", n) + "=1",
	} {
		l, err := cef.Parse(text)
		if err != nil {
			continue
		}
		if line, err := l.Append(nil); err != nil || len(line) > 2*len(text) {
			t.Errorf("%s: %d bytes, %v", name, len(line), err)
		}
	}
}

func TestStamp(t *testing.T) {
	for _, tt := range []struct {
		before, date, host string
	}{
		{"Nov 02 09:30:00 web3.shop.test ", "Nov 02 09:30:00", "web3.shop.test"},
		{"Nov  2 09:30:00 h", "Nov  2 09:30:00", "h"},
		{"", "", ""},
		{"Nov 02 09:30:00 ", "", ""},
		{"Nov 02 09:30:00", "", ""},
		{"Nov 02 09:30:00web3 ", "", ""},
		{"Nov 02 09:3x:00 web3 ", "", ""},
		{"11/ 02 09:30:00 web3 ", "", ""},
		{"Nov 02 09:30:00 web3 more ", "", ""},
		{"Nov 02 09:30:00 web\n3 ", "", ""},
		{"Nov 02 09:30:00 wéb3 ", "", ""},
		{"Nov 02 09:30:00 " + strings.Repeat("h", 256) + " ", "", ""},
		{"<134>Nov 02 09:30:00 web3 ", "", ""},
	} {
		l := cef.Line{Before: tt.before}
		if date, host, ok := l.Stamp(); date != tt.date || host != tt.host || ok != (tt.date != "") {
			t.Errorf("%q: %q %q %v", tt.before, date, host, ok)
		}
	}
}

// A line that is used again keeps nothing of the texts before, and what could not be read leaves nothing in it.
func TestParseForgets(t *testing.T) {
	var l cef.Line
	if err := l.Parse("before CEF:0|a|b|c|d|e|5|a=1 b=2 c=3"); err != nil {
		t.Fatal(err)
	}
	if err := l.Parse("CEF:0|a|b|c|d|e|5|a=1"); err != nil {
		t.Fatal(err)
	}
	for i, x := range l.Extensions[1:3] {
		if x != (cef.Extension{}) {
			t.Errorf("extension %d is still %q", i+1, x)
		}
	}
	if err := l.Parse("none"); err == nil || l.Name != "" || len(l.Extensions) > 0 {
		t.Errorf("%v, and there is %+v", err, l)
	}
}

func TestSet(t *testing.T) {
	e := cef.Event{Extensions: []cef.Extension{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "a", Value: "3"}, {Key: "c", Value: "4"}, {Key: "a", Value: "5"}}}
	if v, ok := e.Get("a"); v != "5" || !ok {
		t.Errorf("a is %q", v)
	}
	if v, ok := e.Get("d"); v != "" || ok {
		t.Errorf("d is %q", v)
	}
	e.Set("a", "6")
	e.Set("d", "7")
	e.SetLabelled(cef.DeviceCustomDate2, "expires", "8")
	want := []cef.Extension{{Key: "a", Value: "6"}, {Key: "b", Value: "2"}, {Key: "c", Value: "4"}, {Key: "d", Value: "7"},
		{Key: "deviceCustomDate2Label", Value: "expires"}, {Key: "deviceCustomDate2", Value: "8"}}
	if !slices.Equal(e.Extensions, want) {
		t.Errorf("%q", e.Extensions)
	}
}
