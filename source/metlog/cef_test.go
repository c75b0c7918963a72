package metlog

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// An event is sent in the shape of the original client's, but for the date and the host in the payload.
func TestCEFAsOriginal(t *testing.T) {
	for name, meta := range map[string]cef.Meta{
		"cef-plain":  {},
		"cef-meta-1": {Priority: "ALERT", Facility: "LOCAL4", Ident: "http_app_shop"},
		"cef-meta-2": {Priority: "EMERG", Facility: "AUTH", Ident: "idp", Options: "PID,CONS"},
		"cef-meta-6": {Ident: "ïdent x[1]:"},
	} {
		t.Run(name, func(t *testing.T) {
			want := sentBy(t, "py-0.9.10/cef.jsonl", name)
			payload, _ := want["payload"].(string)
			l, err := cef.Parse(payload)
			if err != nil {
				t.Fatal(err)
			}
			host, _ := want["metlog_hostname"].(string)
			pid, _ := want["metlog_pid"].(float64)
			to := new(sinktest.Recorder)
			c := start(t, to, &Options{Logger: "shop", Hostname: host, PID: int(pid)})
			c.CEF(t.Context(), l.Event, meta)
			flush(t, c)
			got := object(t, to.JSON()[0])
			want["payload"] = strings.TrimPrefix(payload, l.Before)
			delete(got, "timestamp")
			delete(want, "timestamp")
			if !same(got, want) {
				t.Errorf("sent %v, the original %v", got, want)
			}
		})
	}
}

// What is wrong with an event costs only that, and is told.
func TestCEFMended(t *testing.T) {
	many := make([]cef.Extension, 3)
	copy(many, []cef.Extension{{Key: "a b", Value: "1"}, {Key: cef.Message, Value: "one\ntwo"}, {Key: "", Value: "3"}})
	for _, tt := range []struct {
		name, header string
		key          cef.Key
		event        cef.Event
		line         string
	}{
		{"severity", "severity", "", cef.Event{Name: "n", Severity: 11}, "CEF:0|||||n|10|"},
		{"severity below", "severity", "", cef.Event{Name: "n", Severity: -1}, "CEF:0|||||n|0|"},
		{"version", "version", "", cef.Event{Version: 1000, Name: "n"}, "CEF:999|||||n|0|"},
		{"line ends", "vendor", "", cef.Event{Vendor: "a\r\nb", Name: "n\nCEF:0|x"}, `CEF:0|a  b||||n CEF:0\|x|0|`},
		{"keys", "", "a b", cef.Event{Extensions: many}, `CEF:0||||||0|msg=one\ntwo`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			var told []error
			to := new(sinktest.Recorder)
			c := start(t, to, &Options{OnError: func(err error) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, err)
			}})
			c.CEF(t.Context(), tt.event, cef.Meta{})
			if got := sent(t, c, to); len(got) != 1 || got[0] != tt.line {
				t.Errorf("sent %q, want %q", got, tt.line)
			}
			if n := c.Damaged(); n != 1 {
				t.Errorf("%d damaged", n)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			var wrong *cef.Error
			if len(told) != 1 || !errors.As(told[0], &wrong) || wrong.Header != tt.header || wrong.Key != tt.key {
				t.Errorf("told %v", told)
			}
		})
	}
	if many[0].Key != "a b" {
		t.Error("the caller's extensions were changed")
	}
}

// An error has the key that is wrong, of which whoever causes the event may make as much as they like: where nobody is told
// of it, nothing keeps it.
func TestCEFErrorsAreNotKept(t *testing.T) {
	c := start(t, hole{}, nil)
	for range 10 {
		c.CEF(t.Context(), cef.Event{Extensions: []cef.Extension{{Key: cef.Key(strings.Repeat("-", 1<<20))}}}, cef.Meta{})
	}
	if n := len(c.report.other); n > 0 || c.Damaged() != 10 {
		t.Errorf("%d errors are kept, %d events damaged", n, c.Damaged())
	}
}

func TestCEFDropped(t *testing.T) {
	t.Run("large", func(t *testing.T) {
		c := start(t, new(sinktest.Recorder), nil)
		c.CEF(t.Context(), cef.Event{Extensions: []cef.Extension{{Key: cef.Message, Value: strings.Repeat("=", 1<<20)}}}, cef.Meta{})
		dropped(t, c, map[string]uint64{"large": 1})
	})
	t.Run("filtered", func(t *testing.T) {
		c := start(t, new(sinktest.Recorder), &Options{Filters: []Filter{NotTypes(envelope.TypeCEF)}})
		c.CEF(t.Context(), cef.Event{}, cef.Meta{})
		dropped(t, c, map[string]uint64{"filtered": 1})
	})
	t.Run("closed", func(t *testing.T) {
		c := start(t, new(sinktest.Recorder), nil)
		if err := c.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.CEF(t.Context(), cef.Event{}, cef.Meta{})
		dropped(t, c, map[string]uint64{"closed": 1})
	})
}

// Whatever stands in an event or in its meta, the message is one of the strict form, and holds it.
func TestCEFHostile(t *testing.T) {
	for name, text := range map[string]string{
		"json":    `"},"type":"x","a":{"b":"`,
		"control": "\x00\x1b[31m\u202e\t\v",
		"utf-8":   "a\xffb\xc3",
		"large":   strings.Repeat("é\\\"\n", 20_000),
		"percent": "%s%n",
	} {
		t.Run(name, func(t *testing.T) {
			to := new(sinktest.Recorder)
			c := start(t, to, nil)
			e := cef.Event{Name: strings.ReplaceAll(text, "\n", "")}
			e.Set(cef.SourceUserName, text)
			e.Set(cef.Message, "after")
			c.CEF(t.Context(), e, cef.Meta{Ident: text, Options: text})
			flush(t, c)
			m := to.All()[0]
			strict := envelope.Parser{Strict: true}
			if _, err := strict.AppendParse(nil, m.JSON(), len(m.JSON()), envelope.Meta{}); err != nil {
				t.Error(err)
			}
			want := strings.ToValidUTF8(text, "\ufffd")
			if ident, _ := m.Field(cef.MetaField, cef.MetaIdent); m.Type() != envelope.TypeCEF || ident.String() != want {
				t.Errorf("type %q, ident %.100q", m.Type(), ident.String())
			}
			l, err := cef.Parse(m.Payload())
			if err != nil {
				t.Fatal(err)
			}
			user, _ := l.Get(cef.SourceUserName)
			last, _ := l.Get(cef.Message)
			if user != want || last != "after" || len(l.Extensions) != 2 {
				t.Errorf("suser %.100q, msg %.100q, %d extensions", user, last, len(l.Extensions))
			}
		})
	}
}
