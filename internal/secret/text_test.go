package secret

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPasswordsInURLs(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"no URL", "no URL"},
		{"amy:hunter2@db", "amy:hunter2@db"},
		{"https://x.example:80/a@b", "https://x.example:80/a@b"},
		{"https://amy@x.example:80/", "https://amy@x.example:80/"},
		{"https://amy:hunter2@x.example/p", "https://amy:[redacted]@x.example/p"},
		{"postgres://:hunter2@db", "postgres://:[redacted]@db"},
		{"redis://amy:a:b@c@db:1", "redis://amy:[redacted]@db:1"},
		{"a://b:c@d e://f:g@h?i://j:k@l", "a://b:[redacted]@d e://f:[redacted]@h?i://j:[redacted]@l"},
		{`Get "https://amy:hunter2@x.example": no`, `Get "https://amy:[redacted]@x.example": no`},
		{"://://:@", "://:[redacted]@"},
		{"postgres://amy:hunt/er#2@db/shop?a@b c@d", "postgres://amy:[redacted]@b c@d"},
		{`parse "redis://:#hunter2@db": invalid`, `parse "redis://:[redacted]@db": invalid`},
		{"a://b:c://d:e/f@g://h:i@j://", "a://b:[redacted]@j://"},
		{"http://[::1]:80/a@b http://x:y/a", "http://[::1]:80/a@b http://x:y/a"},
		{strings.Repeat("a://b:c/", 1<<17), strings.Repeat("a://b:c/", 1<<17)},
		{strings.Repeat("a://b:c/", 1<<17) + "@", "a://b:[redacted]@"},
	} {
		if got := hidePasswords(tt.text); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParametersInURLs(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"what? key=1 & so on", "what? key=1 & so on"},
		{"https://x.example/a?id=1", "https://x.example/a?id=1"},
		{"https://x.example/a?id=1&Token=abc&b=2", "https://x.example/a?id=1&Token=[redacted]&b=2"},
		{`Get "/a?password=a=b/c;d": no`, `Get "/a?password=[redacted]": no`},
		{"/a?pass%77ord=b#access_token=c", "/a?pass%77ord=[redacted]#access_token=[redacted]"},
		{"/a?b&api%5Bkey%5D=c <d>", "/a?b&api%5Bkey%5D=[redacted] <d>"},
		{"jdbc:db://h;user=amy;password=b;c", "jdbc:db://h;user=amy;password=[redacted]"},
		{"/a?b;token=c&amp;token=d", "/a?b;token=[redacted]&amp;token=[redacted]"},
		{"/a;token=b?c=d;e", "/a;token=[redacted]?c=d;e"},
		{"/a?%zz=1&key=", "/a?%zz=1&key=[redacted]"},
		{"???&&&key=a?key=b&key", "???&&&key=[redacted]?key=[redacted]&key"},
		{"ftp://amy:b@c/?sid=d&sid", "ftp://amy:[redacted]@c/?sid=[redacted]&sid"},
		{strings.Repeat("?", 1<<20), strings.Repeat("?", 1<<20)},
		{strings.Repeat(";", 1<<20) + "=", strings.Repeat(";", 1<<20) + "="},
	} {
		if got := With([]string{"SID"}).Text(tt.text); got != tt.want {
			t.Errorf("%.100q became %.100q, want %.100q", tt.text, got, tt.want)
		}
	}
}

func TestForms(t *testing.T) {
	n := With(nil)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"a=b", "a=b"},
		{"token=a", "token=[redacted]"},
		{"a=b&Password=c&d;&&e=f;g", "a=b&Password=[redacted]&d;&&e=f;g"},
		{"token=a;b=c", "token=[redacted];b=c"},
		{"a;token=b;c=d", "a;token=[redacted]"}, // of a path the semicolon may be
		{"token=a?b it's=c&d=e", "token=[redacted]&d=e"},
		{"pass%77ord=a", "pass%77ord=[redacted]"},
		{"next=http://a:b@c/?token=d&e=f", "next=http://a:[redacted]@c/?token=[redacted]&e=f"},
		{"&=;=", "&=;="},
	} {
		if got := n.Form(tt.text); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	n := With([]string{"PIN"})
	for name, want := range map[string]bool{
		"": false, "name": false, "Password": true, "DB_PASSWD": true, "X-Api-Key": true, "'token'": true, "pin": true, "SHIPPING": true, "sid": false,
	} {
		if n.Hides(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if With(nil).Hides("pin") {
		t.Error("names of one are those of another")
	}
	if none := Names(nil); none.Hides("password") || none.Text("http://a:b@c/?key=d") != "http://a:b@c/?key=d" || none.Form("token=a") != "token=a" {
		t.Error("no names hide something")
	}
}

// Whatever stands around them, secrets are hidden, and what is shown is as valid as it was.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"a://b:c@d/?key=e#token=f;key=g h", "postgres://amy:hunt/er#2@db/shop?a@b", "token=a&b;key=?", "://[::1]:x@", "&\\u0026key%3d=é"} {
		f.Add(seed, seed)
	}
	n := With(nil)
	const planted = "hunter2"
	f.Fuzz(func(t *testing.T, before, after string) {
		before, after = strings.ReplaceAll(before, planted, ""), strings.ReplaceAll(after, planted, "")
		for _, shown := range []string{
			n.Text(before + " a://b:" + planted + "@c " + after), n.Text(before + " /?Key=" + planted + "&" + after), n.Text(before + " d#token=" + planted + "\n" + after),
			n.Form(before + "&api%5Fkey=" + planted + " '" + planted + "&" + after), n.Form("pwd=" + planted + "/" + planted + ";" + after),
		} {
			if strings.Contains(shown, planted) || utf8.ValidString(before) && utf8.ValidString(after) && !utf8.ValidString(shown) {
				t.Errorf("%q", shown)
			}
		}
	})
}

// Whatever stands around a password and in it, it is hidden, and what is hidden stays as it is.
func FuzzPasswords(f *testing.F) {
	f.Add("", "", "")
	f.Add("dial a://b:c@d?key=e ", "f:g/h#i?j", "/k@l")
	f.Add("a://b:c://[d]:1/;token=", "://", "\" e://f:g")
	f.Fuzz(func(t *testing.T, before, password, after string) {
		hide := With(nil)
		if text := hide.Text(before + password + after); hide.Text(text) != text {
			t.Errorf("%q became %q, and that %q", before+password+after, text, hide.Text(text))
		}
		if strings.ContainsAny(password, endsURL) {
			return
		}
		password = "hunt" + password + "er2"
		if text := hide.Text(before + " db://amy:" + password + "@db" + after); strings.Contains(text, password) && !strings.Contains(before+after, password) {
			t.Errorf("%q stands in %q", password, text)
		}
	})
}
