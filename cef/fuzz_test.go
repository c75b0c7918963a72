package cef_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

func sameEvent(t *testing.T, got, want *cef.Event) {
	t.Helper()
	if got.Version != want.Version || got.Vendor != want.Vendor || got.Product != want.Product || got.DeviceVersion != want.DeviceVersion ||
		got.Signature != want.Signature || got.Name != want.Name || got.Severity != want.Severity ||
		!slices.Equal(got.Extensions, want.Extensions) {
		t.Errorf("got\n%+v, want\n%+v", *got, *want)
	}
}

// One event in is one line out, from which every value is read as it was.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{"", "x", "|", "=", `\`, "\n", "\r\n", "\x00", "\u202e", " a=b", "a= ", "%s%n", "\xff", `\n`, "CEF:0|a|b|c|d|e|9|src=1"} {
		f.Add(0, s, s, s, s, s, 5, "cs1", s, "suser", s)
	}
	f.Fuzz(func(t *testing.T, version int, vendor, product, device, signature, name string, severity int, key1, value1, key2, value2 string) {
		e := cef.Event{Version: version, Vendor: vendor, Product: product, DeviceVersion: device, Signature: signature, Name: name,
			Severity: severity, Extensions: []cef.Extension{{Key: cef.Key(key1), Value: value1}, {Key: cef.Key(key2), Value: value2}}}
		before := []byte("before")
		line, err := e.Append(before)
		if err != nil {
			if !bytes.Equal(line, before) {
				t.Errorf("%q after %v", line, err)
			}
			return
		}
		line = line[len(before):]
		if bytes.ContainsAny(line, "\r\n") {
			t.Errorf("more than one line: %q", line)
		}
		l, err := cef.Parse(string(line))
		if err != nil {
			t.Fatal(err)
		}
		if l.Before != "" {
			t.Errorf("before: %q", l.Before)
		}
		sameEvent(t, &l.Event, &e)
	})
}

// What can be read can be written, and is then read again to the same.
func FuzzParse(f *testing.F) {
	for _, payload := range golden(f) {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := cef.Parse(text)
		if err != nil {
			return
		}
		line, err := l.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := cef.Parse(string(line))
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		sameEvent(t, &again.Event, &l.Event)
	})
}
