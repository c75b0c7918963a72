package cefsink

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// FuzzRecord holds that a message is refused or becomes exactly one record, whatever a client says: one frame, one line of
// text, no longer than the limit, with a header that is allowed and the event that was sent.
func FuzzRecord(f *testing.F) {
	for _, seed := range []struct{ payload, host, priority, facility, ident, options string }{
		{login, "web3", "ALERT", "LOCAL4", "shop", "PID"},
		{"Nov 02 09:30:00 web3.shop.test " + login, "", "", "", "", ""},
		{"CEF:0|Acme|shop|1.3|one\\\r\\\ntwo|n|3|cs1=evil\\=1 \\\\ | \n cs2\\=x suser=u=s er|\\ x\ny", "a b\n", "info", "KERN", "shop[1]: ", "PID,X"},
		{"CEF:0|a|b|c|d|" + strings.Repeat("\\|", 3000) + "|11|x=" + strings.Repeat("\\\\é", 3000) + " y=1", "h", "", "", "", ""},
		{"CEF:0|a|b|c|d|\x00\u2028\u0085\x7f|Low|msg=\t\xff\u202e %s%n", strings.Repeat("h", 300), "0", "0", "0", "0"},
		{"CEF:0|a|b|c|d|e|5", "h", "", "", "", ""},
		{"no event", "h", "", "", "", ""},
	} {
		f.Add(seed.payload, seed.host, seed.priority, seed.facility, seed.ident, seed.options)
	}
	const limit = 2048
	f.Fuzz(func(t *testing.T, payload, host, priority, facility, ident, options string) {
		m, err := envelope.Draft{
			Type: envelope.TypeCEF, Payload: payload, Hostname: host, PID: 7, Timestamp: time.Unix(1e9, 0),
			Fields: []slog.Attr{slog.Group(cef.MetaField, cef.MetaPriority, priority, cef.MetaFacility, facility, cef.MetaIdent, ident, cef.MetaOptions, options)},
		}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []Format{RFC5424, RFC3164} {
			s, err := New("tcp://siem:601", &Options{Format: format, Idents: []string{"shop"}, MaxBytes: limit, KeepStamp: true})
			if err != nil {
				t.Fatal(err)
			}
			s.encoder.zone = time.UTC
			before := []byte("before")
			framed, err := s.encoder.within(append(make([]byte, 0, 4096), before...), &m)
			if err != nil {
				if !bytes.Equal(framed, before) || len(err.Error()) > 1500 {
					t.Errorf("%q after %v", framed, err)
				}
				continue
			}
			var records []string
			_ = frames(bytes.NewReader(framed[len(before):]), func(record string) { records = append(records, record) })
			if len(records) != 1 || len(framed)-len(before) > len(records[0])+len("2048 ") {
				t.Fatalf("%d records in %q", len(records), framed)
			}
			checkRecord(t, records[0], format, limit)
			checkEvent(t, records[0], m.Payload(), s.Stats().Cut > 0)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// checkRecord fails the test unless the header is one that may be.
func checkRecord(t *testing.T, record string, format Format, limit int) {
	t.Helper()
	checkText(t, record)
	if len(record) > limit {
		t.Errorf("%d bytes", len(record))
	}
	words := strings.SplitN(record, " ", 8)
	pri, rest, _ := strings.Cut(words[0], ">")
	tag := ""
	switch format {
	case RFC5424:
		tag = words[3]
		if rest != "1" || words[1] != "2001-09-09T01:46:40.000000Z" || words[4] != "-" && words[4] != "7" || words[5] != "-" || words[6] != "-" {
			t.Fatalf("header %q", words)
		}
	case RFC3164:
		tag = strings.TrimSuffix(strings.TrimSuffix(words[5], ":"), "[7]")
		if strings.HasSuffix(words[4], ":") { // there is no host
			tag = strings.TrimSuffix(strings.TrimSuffix(words[4], ":"), "[7]")
		}
		if rest != "Sep" || words[1] != "" || words[2] != "9" || words[3] != "01:46:40" {
			t.Fatalf("header %q", words)
		}
	}
	if tag != "metlog" && tag != "shop" {
		t.Errorf("ident %q in %q", tag, words)
	}
	code := 0
	for _, c := range strings.TrimPrefix(pri, "<") {
		code = code*10 + int(c-'0')
	}
	if facility := code >> 3; facility < 16 || facility > 23 {
		t.Errorf("facility %d in %q", facility, words[0])
	}
}

// checkEvent fails the test unless the record holds the event of payload, but for what is no text, or the beginning of it.
func checkEvent(t *testing.T, record, payload string, wasCut bool) {
	t.Helper()
	want, err := cef.Parse(payload)
	if err != nil {
		t.Fatalf("%v, and yet %q", err, record)
	}
	line, err := want.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	line, _ = plain(line, 0)
	got := record[strings.Index(record, "CEF:"):]
	if wasCut {
		checkCut(t, got, string(line))
	} else if got != string(line) {
		t.Errorf("event %q, not %q", got, line)
	}
}
