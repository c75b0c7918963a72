package sentrysink

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestLimitOf(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 15, 0, 0, time.UTC)
	for _, test := range []struct {
		limits, after string
		want, receipt time.Duration
	}{
		{"", "", 0, 0},
		{"", "120", 2 * time.Minute, 0},
		{"", "0.5", 500 * time.Millisecond, 0},
		{"", "Mon, 02 Mar 2026 09:16:00 GMT", time.Minute, 0},
		{"", "Mon, 02 Mar 2026 09:14:00 GMT", 0, 0},
		{"", "soon", 0, 0},
		{"", "-5", 0, 0},
		{"", "NaN", 0, 0},
		{"", "1e300", time.Hour, 0},
		{"", "Inf", time.Hour, 0},
		{"60::key, 86400:transaction;span:organization", "", time.Minute, time.Minute}, // Bugsink's
		{"86400:transaction;span:organization", "", 0, 0},
		{"86400:transaction:organization", "30", 30 * time.Second, 0},
		{"60:error:key, 30:default;security:organization:reason", "10", time.Minute, time.Minute},
		{"10:default", "", 10 * time.Second, 10 * time.Second},
		{"10", "", 10 * time.Second, 10 * time.Second},
		{"999999999:error", "", time.Hour, time.Hour},
		{"x:error,,:::, 7:error", "", 7 * time.Second, 7 * time.Second},
	} {
		header := http.Header{}
		if test.limits != "" {
			header.Set("X-Sentry-Rate-Limits", test.limits)
		}
		if test.after != "" {
			header.Set("Retry-After", test.after)
		}
		for status, want := range map[int]time.Duration{429: cmp.Or(test.want, usualWait), 200: test.receipt, 503: 0} {
			if got := limitOf(status, header, now); got != want {
				t.Errorf("%d, %q, %q: %v, want %v", status, test.limits, test.after, got, want)
			}
		}
	}
}

func TestRefusal(t *testing.T) {
	for _, test := range []struct {
		status    int
		after     string
		permanent bool
		wait      time.Duration
		down      bool
	}{
		{200, "", false, 0, false}, {201, "", false, 0, false}, {202, "", false, 0, false},
		{301, "", false, time.Minute, true}, {302, "", false, time.Minute, true}, {308, "", false, time.Minute, true},
		{400, "", true, 0, false}, {413, "", true, 0, false}, {415, "", true, 0, false}, {418, "", true, 0, false}, {499, "", true, 0, false},
		{401, "", false, time.Minute, true}, {403, "", false, time.Minute, true}, {404, "", false, time.Minute, true},
		{405, "", false, time.Minute, true}, {407, "", false, time.Minute, true},
		{408, "", false, 0, false}, {425, "", false, 0, false},
		{429, "", false, time.Minute, true}, {429, "7", false, 7 * time.Second, true}, {429, "0", false, time.Minute, true},
		{500, "", false, 0, false}, {502, "", false, 0, true}, {503, "", false, 0, true}, {503, "7", false, 7 * time.Second, true}, {504, "", false, 0, true},
		{600, "", false, 0, false}, {199, "", false, 0, false},
	} {
		for _, chosen := range []bool{false, true} {
			to, err := newTarget("https://k0k0k0:s0s0s0@h/7")
			if err != nil {
				t.Fatal(err)
			}
			to.chosen = chosen
			header := http.Header{"Retry-After": {test.after}}
			err = to.refusal(test.status, header, []byte("no k0k0k0\x00\xff\r\ns0s0s0\n"), time.Now())
			permanent, wait := test.permanent, test.wait
			if chosen && misconfigured(test.status) {
				permanent, wait = true, 0
			}
			if got := sink.RetryDelay(err); got != wait || sink.IsPermanent(err) != permanent || (err == nil) != (test.status/100 == 2) {
				t.Errorf("%d, chosen %v: %v, permanent %v, delay %v", test.status, chosen, err, sink.IsPermanent(err), got)
			}
			var answer *AnswerError
			if err != nil && (!errors.As(err, &answer) || answer.Status != test.status || isDown(err) != test.down || answer.Text != "no [redacted] ?  [redacted]") {
				t.Errorf("%d: %q, down %v", test.status, err, isDown(err))
			}
		}
	}
}

func TestQuoteIsShort(t *testing.T) {
	to := &target{keys: []string{"k"}}
	if got := to.quote(strings.Repeat("é", 60_000)); len(got) > maxText+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d bytes: %.300s", len(got), got)
	}
}

func TestErrorTexts(t *testing.T) {
	id := envelope.ID{1}
	for want, err := range map[string]error{
		"sentrysink: https://h:443/7: 403 Forbidden: no such key":       &AnswerError{"https://h:443/7", 403, "no such key"},
		"sentrysink: https://h:443/7: 500 Internal Server Error":        &AnswerError{"https://h:443/7", 500, ""},
		"sentrysink: fields.dsn: names no host":                         &DSNError{"fields.dsn", "names no host"},
		"sentrysink: message " + id.String() + ": " + errObject.Error(): &EventError{id, errObject},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
