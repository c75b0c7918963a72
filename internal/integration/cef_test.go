package integration

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// A foreignCEF reads events with a parser that is not ours.
type foreignCEF struct {
	t     testing.TB
	stdin io.Writer
	out   *bufio.Reader
}

// A foreignEvent is an event as that parser sees it. JSON makes bytes of its base64.
type foreignEvent struct {
	Version []byte
	Device  struct {
		Vendor, Product, Version []byte
		EventClassID             []byte `json:"event_class_id"`
	}
	Name, Severity []byte
	Extension      map[string][]byte
	Error          string
}

func newForeignCEF(t testing.TB) *foreignCEF {
	t.Helper()
	cmd := exec.Command("testdata/venv/bin/python", "testdata/cef/parse.py")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	return &foreignCEF{t, stdin, bufio.NewReader(out)}
}

func (f *foreignCEF) parse(line []byte) *foreignEvent {
	f.t.Helper()
	if _, err := fmt.Fprintln(f.stdin, base64.StdEncoding.EncodeToString(line)); err != nil {
		f.t.Fatal(err)
	}
	answer, err := f.out.ReadBytes('\n')
	if err != nil {
		f.t.Fatal(err)
	}
	e := new(foreignEvent)
	if err := json.Unmarshal(answer, e); err != nil {
		f.t.Fatal(err)
	}
	return e
}

// same fails the test unless both parsers read e from its line, which is one.
func (f *foreignCEF) same(t testing.TB, e *cef.Event) {
	t.Helper()
	line, err := e.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(line), "\r\n") {
		t.Errorf("more than one line: %.300q", line)
	}
	got := f.parse(line)
	headers := fmt.Sprintf("%q", [...]string{string(got.Version), string(got.Device.Vendor), string(got.Device.Product), string(got.Device.Version),
		string(got.Device.EventClassID), string(got.Name), string(got.Severity)})
	want := fmt.Sprintf("%q", [...]string{strconv.Itoa(e.Version), e.Vendor, e.Product, e.DeviceVersion, e.Signature, e.Name, strconv.Itoa(e.Severity)})
	if got.Error != "" || headers != want {
		t.Errorf("%s: headers %.300s, want %.300s", got.Error, headers, want)
	}
	extensions := map[string]string{}
	for _, x := range e.Extensions {
		extensions[string(x.Key)] = x.Value
	}
	if !maps.EqualFunc(got.Extension, extensions, func(a []byte, b string) bool { return string(a) == b }) {
		t.Errorf("extensions of %.300q are %.300q", line, got.Extension)
	}
}

// Each of these, in any place of an event, is read from it by a stranger as it was, and so is everything around it.
func TestCEFHostileValues(t *testing.T) {
	f := newForeignCEF(t)
	for name, value := range map[string]string{
		"pipe":            "a|b||",
		"equals":          "=a=b==",
		"backslash":       `\a\\b\|\=\n\`,
		"CR":              "a\rb\r",
		"LF":              "a\nb\n",
		"CR LF":           "a\r\n\r\nb",
		"NUL":             "a\x00b\x00",
		"controls":        "\x01\a\b\t\v\f\x1b[31m\x7f\u0085\u2028\u2029",
		"bidi":            "\u202eabc\u2066def\u2069\u200f",
		"invalid UTF-8":   "\xff\xc3a\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80\xc3",
		"percent":         "%s%n%00%0a%0d%25",
		"1 MiB":           strings.Repeat(`\=|`+"\n% é", 1<<17),
		"spaces":          "  a  b  ",
		"blank":           " ",
		"empty":           "",
		"other keys":      "x src=127.0.0.1 suser=root cs1Label=a cs1=b",
		"another event":   "x\nCEF:0|Example|shop|1|s|all is well|0|src=127.0.0.1",
		"a syslog record": "x\n<134>1 2026-11-23T00:00:00Z h a - - - CEF:0|a|b|c|d|e|0|",
		"quotes":          "\"'`$(){}<>&;",
	} {
		t.Run(name, func(t *testing.T) {
			header := strings.NewReplacer("\r", "", "\n", "").Replace(value) // the standard has no lines there
			f.same(t, &cef.Event{
				Version: 0, Vendor: header, Product: header, DeviceVersion: header, Signature: header, Name: header, Severity: 5,
				Extensions: []cef.Extension{{Key: "src", Value: value}, {Key: "cs1", Value: value}, {Key: "msg", Value: "after"}, {Key: "last_one.2", Value: value}},
			})
			f.same(t, &cef.Event{Name: header})
		})
	}
}

// Events at random, of what means something in CEF and of any bytes, are read by a stranger as they were written.
func TestCEFRandomEvents(t *testing.T) {
	const events = 5000
	f := newForeignCEF(t)
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", " ", "=", "|", `\`, "\n", "\r", "n", "r", "CEF:0", "k=", " k=", `\=`, `\|`, "é", "😀", "\x00", "\xff", ".", "_", "-", "\t"}
	text := func() string {
		var b strings.Builder
		for range random.IntN(12) {
			if random.IntN(10) == 0 {
				b.WriteByte(byte(random.UintN(256)))
			} else {
				b.WriteString(parts[random.IntN(len(parts))])
			}
		}
		return b.String()
	}
	header := func() string { return strings.NewReplacer("\r", "", "\n", "").Replace(text()) }
	for range events {
		e := &cef.Event{Version: random.IntN(2), Vendor: header(), Product: header(), DeviceVersion: header(), Signature: header(), Name: header(), Severity: random.IntN(11)}
		for i := range random.IntN(6) {
			e.Set(cef.Key(fmt.Sprintf("%s%d", [...]string{"src", "cs", "A_b.", "_"}[random.IntN(4)], i)), text())
		}
		f.same(t, e)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d events", events)
}

// What the Python package cef wrote in 2012, read by us and written anew, is read by a stranger as we did.
func TestCEFOfMozilla(t *testing.T) {
	f := newForeignCEF(t)
	n := 0
	for _, v := range goldenVectors(t) {
		m, err := envelope.Parse([]byte(v.text))
		if err != nil {
			t.Fatal(err)
		}
		if m.Type() != envelope.TypeCEF {
			continue
		}
		n++
		t.Run(v.name, func(t *testing.T) {
			l, err := cef.Parse(m.Payload())
			if err != nil {
				t.Fatal(err)
			}
			f.same(t, &l.Event)
		})
	}
	if n < 50 {
		t.Errorf("only %d", n)
	}
}
