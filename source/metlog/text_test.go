package metlog

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/internal/secret"
)

func TestAppendSafe(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", `{"a":[1,-2.5e3,true,null,"x"],"b":{}}`, `{"a":[1,-2.5e3,true,null,"x"],"b":{}}`},
		{"pair", `"\ud83d\ude00"`, `"\ud83d\ude00"`},
		{"halves", `"\ud83d \ude00\uD83D"`, "\"\uFFFD \uFFFD\uFFFD\""},
		{"NUL", `"a\u0000b\\u0000"`, "\"a\uFFFDb\\\\u0000\""},
		{"escaped backslash", `"\\ud83d\n\u0041"`, `"\\ud83d\n\u0041"`},
		{"overflow", `[1e400,-1E999 ]`, `["1e400","-1E999" ]`},
		{"secrets", `{"PassWord":"a","x":{"apikey":{"a":["]",1]},"z":1},"tokens" : [1,[2]],"y":2,"cookie":null}`,
			`{"PassWord":"[redacted]","x":{"apikey":"[redacted]","z":1},"tokens":"[redacted]","y":2,"cookie":"[redacted]"}`},
		{"value like a name", `["password","key"]`, `["password","key"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(appendSafe(nil, test.text, secret.With(nil))); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

var half = regexp.MustCompile(`(^|[^\\])(\\\\)*\\u[dD][89a-fA-F]`)

func FuzzAppendSafe(f *testing.F) {
	for _, seed := range []string{
		`{"a":"\ud83d\ude00","b":[1e400,-1,0.5,{"token":{"x":[1,"]"]}}],"key" : "v","c":{}}`, `"\ud83d\u0041\udc00"`,
		`-1E999`, `[ 1 , 2 ]`, `{"password":[[1],2],"x":true}`, `"\\ud83d\\\ud83d"`, `{"key":{},"a":1e999}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || strings.ContainsAny(text, "\t\r\n") {
			return // an envelope has no such thing
		}
		for _, hide := range []secret.Names{nil, secret.With(nil)} {
			got := string(appendSafe(nil, text, hide))
			if !json.Valid([]byte(got)) {
				t.Fatalf("%q of %q", got, text)
			}
			var v any
			if err := json.Unmarshal([]byte(got), &v); err != nil {
				t.Errorf("%v in %s", err, got)
			}
			if strings.Contains(strings.ReplaceAll(got, "\uFFFD", ""), `\u`) {
				rest := regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..`).ReplaceAllString(strings.ReplaceAll(got, `\\`, "  "), "")
				if half.MatchString(rest) {
					t.Errorf("half a pair in %s", got)
				}
			}
		}
	})
}

func FuzzAppendText(f *testing.F) {
	f.Add("plain", 10)
	f.Add("\x00\x01\xff\"\\\n\té", 4)
	f.Add(strings.Repeat("é", 100), 51)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1<<16)
		got := string(appendText(nil, s, limit))
		var back string
		if err := json.Unmarshal([]byte(got), &back); err != nil || !utf8.ValidString(got) {
			t.Fatalf("%v: %q", err, got)
		}
		if len(got) > limit+40 {
			t.Errorf("%d bytes, limit %d", len(got), limit)
		}
		if valid := strings.ToValidUTF8(s, "\uFFFD"); len(got) < limit && back != valid && utf8.ValidString(s) {
			t.Errorf("%q is %q", s, back)
		}
	})
}
