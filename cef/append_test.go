package cef_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

func TestAppend(t *testing.T) {
	extension := func(key cef.Key, value string) cef.Event {
		return cef.Event{Extensions: []cef.Extension{{Key: key, Value: value}}}
	}
	for _, tt := range []struct {
		name  string
		event cef.Event
		want  string
	}{
		{"nothing", cef.Event{}, "CEF:0||||||0|"},
		{"headers", cef.Event{Version: 1, Vendor: "v", Product: "p", DeviceVersion: "1.0", Signature: "100", Name: "n", Severity: 10}, "CEF:1|v|p|1.0|100|n|10|"},
		{"pipe in headers", cef.Event{Vendor: "a|b", Product: "|", DeviceVersion: "||", Signature: "|a", Name: "a|"}, `CEF:0|a\|b|\||\|\||\|a|a\||0|`},
		{"backslash in headers", cef.Event{Vendor: `a\`, Product: `\|`, DeviceVersion: `\n`}, `CEF:0|a\\|\\\||\\n|||0|`},
		{"equals in headers", cef.Event{Name: "a=b"}, "CEF:0|||||a=b|0|"},
		{"pipe in values", extension("msg", "a|b"), "CEF:0||||||0|msg=a|b"},
		{"equals in values", extension("msg", "a=b="), `CEF:0||||||0|msg=a\=b\=`},
		{"backslash in values", extension("msg", `a\b\`), `CEF:0||||||0|msg=a\\b\\`},
		{"lines in values", extension("msg", "a\r\nb\n"), `CEF:0||||||0|msg=a\r\nb\n`},
		{"other bytes", extension("msg", "\x00\x1b\u202e\xff%s"), "CEF:0||||||0|msg=\x00\x1b\u202e\xff%s"},
		{"free keys", extension("shop_Cart.v2", "1"), "CEF:0||||||0|shop_Cart.v2=1"},
		{"order", cef.Event{Extensions: []cef.Extension{{Key: "b"}, {Key: "a", Value: "1"}, {Key: "b", Value: "2"}}}, "CEF:0||||||0|b= a=1 b=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line, err := tt.event.Append([]byte("> "))
			if err != nil || string(line) != "> "+tt.want {
				t.Errorf("%q, %v, want %q", line, err, tt.want)
			}
		})
	}
}

func TestAppendErrors(t *testing.T) {
	key := func(key cef.Key) cef.Event {
		return cef.Event{Extensions: []cef.Extension{{Key: "msg"}, {Key: key}}}
	}
	long := cef.Key(strings.Repeat("k", 1024))
	for _, tt := range []struct {
		name   string
		event  cef.Event
		header string
		key    cef.Key
		text   string
	}{
		{"version", cef.Event{Version: -1}, "version", "", "cef: version: -1 is not between 0 and 999"},
		{"large version", cef.Event{Version: cef.MaxVersion + 1}, "version", "", "cef: version: 1000 is not between 0 and 999"},
		{"severity", cef.Event{Severity: -1}, "severity", "", "cef: severity: -1 is not between 0 and 10"},
		{"large severity", cef.Event{Severity: cef.MaxSeverity + 1}, "severity", "", "cef: severity: 11 is not between 0 and 10"},
		{"vendor", cef.Event{Vendor: "a\nb"}, "vendor", "", "cef: vendor: has a line end"},
		{"product", cef.Event{Product: "\r"}, "product", "", "cef: product: has a line end"},
		{"device version", cef.Event{DeviceVersion: "\n"}, "device version", "", "cef: device version: has a line end"},
		{"signature", cef.Event{Signature: "\n"}, "signature", "", "cef: signature: has a line end"},
		{"name", cef.Event{Name: "x\nCEF:0|"}, "name", "", "cef: name: has a line end"},
		{"empty key", key(""), "", "", "cef: an empty key"},
		{"space", key("a b"), "", "a b", `cef: key "a b": has other characters than letters, digits, underscore and dot`},
		{"equals", key("a="), "", "a=", `cef: key "a=": has other characters than letters, digits, underscore and dot`},
		{"hyphen", key("a-b"), "", "a-b", `cef: key "a-b": has other characters than letters, digits, underscore and dot`},
		{"line end", key("a\nb"), "", "a\nb", `cef: key "a\nb": has other characters than letters, digits, underscore and dot`},
		{"letter beyond ASCII", key("é"), "", "é", `cef: key "é": has other characters than letters, digits, underscore and dot`},
		{"dot", key(".a"), "", ".a", `cef: key ".a": begins with a dot`},
		{"long", key(long), "", long, `cef: key "` + string(long[:100]) + `": longer than 1023 bytes`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := []byte("before")
			line, err := tt.event.Append(b)
			var wrong *cef.Error
			if !errors.As(err, &wrong) || wrong.Header != tt.header || wrong.Key != tt.key || err.Error() != tt.text {
				t.Errorf("error %v, want %s", err, tt.text)
			}
			if string(line) != "before" {
				t.Errorf("%q is there", line)
			}
		})
	}
}

// An event of a request, with values that are to be escaped.
func login() cef.Event {
	e := cef.Event{Vendor: "Example", Product: "shop", DeviceVersion: "1.3", Signature: cef.AuthFailure, Name: `bad|login\`, Severity: 5}
	e.Set(cef.SourceAddress, "203.0.113.9")
	e.Set(cef.SourceUserName, "amy=root\n")
	e.Set(cef.RequestURL, "/login?a=b&c=d")
	e.Set(cef.RequestClientApplication, "curl/8")
	return e
}

func TestAppendAllocates(t *testing.T) {
	e := login()
	b, err := e.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { b, _ = e.Append(b[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A line that is read again and again into the same memory costs what its escapes do: nothing without any.
func TestParseAllocates(t *testing.T) {
	const text = "Nov 02 09:30:00 web3 CEF:0|Example|shop|1.3|AuthFail|bad login|5|src=203.0.113.9 suser=amy smith request=/login"
	var l cef.Line
	if n := testing.AllocsPerRun(100, func() {
		if err := l.Parse(text); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	e := login()
	line, err := e.Append(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		line, _ = e.Append(line[:0])
	}
}

func BenchmarkParse(b *testing.B) {
	e := login()
	line, err := e.Append(nil)
	if err != nil {
		b.Fatal(err)
	}
	text := string(line)
	b.SetBytes(int64(len(line)))
	var l cef.Line
	for b.Loop() {
		if err := l.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
