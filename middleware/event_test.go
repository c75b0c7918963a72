package middleware

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/cef"
)

func TestEventSource(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, peer string
		trusted    []netip.Prefix
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.9:4711", nil, nil, "203.0.113.9"},
		{"nobody is trusted", "10.1.2.3:4711", nil, []string{"198.51.100.7"}, "10.1.2.3"},
		{"a stranger is not believed", "203.0.113.9:4711", proxies, []string{"198.51.100.7"}, "203.0.113.9"},
		{"a proxy is", "10.1.2.3:4711", proxies, []string{"198.51.100.7"}, "198.51.100.7"},
		{"but not those before a stranger", "10.1.2.3:4711", proxies, []string{"127.0.0.1, 10.9.9.9, 198.51.100.7"}, "198.51.100.7"},
		{"proxies behind one another", "10.1.2.3:4711", proxies, []string{"192.0.2.1,198.51.100.7,10.3.3.3, 10.4.4.4"}, "198.51.100.7"},
		{"several lines", "10.1.2.3:4711", proxies, []string{"192.0.2.1", "198.51.100.7, 10.3.3.3", "10.4.4.4"}, "198.51.100.7"},
		{"proxies only", "10.1.2.3:4711", proxies, []string{"10.5.5.5, 10.4.4.4"}, "10.5.5.5"},
		{"none", "10.1.2.3:4711", proxies, nil, "10.1.2.3"},
		{"empty", "10.1.2.3:4711", proxies, []string{""}, "10.1.2.3"},
		{"unknown", "10.1.2.3:4711", proxies, []string{"198.51.100.7, unknown"}, "10.1.2.3"},
		{"garbage", "10.1.2.3:4711", proxies, []string{"198.51.100.7, src=1 suser=root|\\, 10.4.4.4"}, "10.4.4.4"},
		{"ports", "10.1.2.3:4711", proxies, []string{"198.51.100.7:80"}, "198.51.100.7"},
		{"IPv6", "[2001:db8::9]:4711", nil, nil, "2001:db8::9"},
		{"IPv6 behind a proxy", "[fd00::1]:4711", proxies, []string{"[2001:db8::9]:80"}, "2001:db8::9"},
		{"IPv6 in brackets", "[fd00::1]:4711", proxies, []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"IPv6 with a zone", "[fe80::1%eth0]:4711", nil, nil, "fe80::1"},
		{"a zone with words", "10.1.2.3:4711", proxies, []string{"fe80::1%x suser=root"}, "fe80::1"},
		{"mapped", "[::ffff:10.1.2.3]:4711", proxies, []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"a unix socket", "@", proxies, []string{"198.51.100.7"}, ""},
		{"nothing", "", proxies, []string{"198.51.100.7"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			e := Event(r, &EventOptions{Trusted: tt.trusted})
			if src, ok := e.Get(cef.SourceAddress); src != tt.want || ok != (tt.want != "") {
				t.Errorf("src %q, want %q", src, tt.want)
			}
		})
	}
}

func TestEvent(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://amy:secret@shop.test:8080/a%20b/login?token=secret&page=2&page=%0A3&x", nil)
	r.SetBasicAuth("amy", "secret")
	r.Header.Set("User-Agent", "curl/8")
	r.RemoteAddr = "203.0.113.9:4711"
	base := cef.Event{Vendor: "Example", Extensions: []cef.Extension{{Key: "app", Value: "HTTP"}, {Key: cef.SourceUserName, Value: "none"}}}
	for _, tt := range []struct {
		name string
		o    *EventOptions
		want string
	}{
		{"defaults", nil, `CEF:0||||||0|src=203.0.113.9 suser=amy dhost=shop.test:8080 requestMethod=POST request=/a%20b/login requestClientApplication=curl/8`},
		{"query", &EventOptions{Query: []string{"page", "absent"}}, `CEF:0||||||0|src=203.0.113.9 suser=amy dhost=shop.test:8080 requestMethod=POST request=/a%20b/login?page\=2&page\=%0A3 requestClientApplication=curl/8`},
		{"absent", &EventOptions{Query: []string{"absent"}}, `CEF:0||||||0|src=203.0.113.9 suser=amy dhost=shop.test:8080 requestMethod=POST request=/a%20b/login requestClientApplication=curl/8`},
		{"base", &EventOptions{Base: base}, `CEF:0|Example|||||0|app=HTTP suser=amy src=203.0.113.9 dhost=shop.test:8080 requestMethod=POST request=/a%20b/login requestClientApplication=curl/8`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Event(r, tt.o)
			line, err := e.Append(nil)
			if err != nil || string(line) != tt.want {
				t.Errorf("%s, %v, want\n%s", line, err, tt.want)
			}
		})
	}
	if base.Extensions[1].Value != "none" {
		t.Error("the base was changed")
	}
}

// Of a request of nothing there is nothing to say.
func TestEventOfNothing(t *testing.T) {
	if e := Event(new(http.Request), nil); len(e.Extensions) > 0 {
		t.Errorf("%+v", e)
	}
}

func TestEventLong(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("a", 5000), nil)
	r.Header.Set("User-Agent", strings.Repeat("é", 5000))
	e := Event(r, nil)
	path, _ := e.Get(cef.RequestURL)
	agent, _ := e.Get(cef.RequestClientApplication)
	if len(path) != 1023 || agent != strings.Repeat("é", 511) {
		t.Errorf("%d bytes of the path, %d of the agent", len(path), len(agent))
	}
}

// What a server lets through stays in its extension: the event is one line, and has the values that the client sent.
func TestEventHostile(t *testing.T) {
	const hostile = "x|y=z\\ suser=root \\= \\| src=127.0.0.1\t\u202e\xff\\n%s%n\\"
	lines := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		e := Event(r, &EventOptions{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Query: []string{"q"}})
		line, err := e.Append(nil)
		if err != nil {
			t.Error(err)
		}
		lines <- string(line)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	name := base64.StdEncoding.EncodeToString([]byte("a\r\nCEF;0|x\x00=:secret"))
	fmt.Fprintf(conn, "G|T /a|b=c\\d?q=%%0d%%0aCEF:0|x&q==\\ HTTP/1.1\r\nHost: h\r\nAuthorization: Basic %s\r\n"+
		"User-Agent: %s\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n", name, hostile, hostile)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	line := <-lines
	l, err := cef.Parse(line)
	if err != nil || strings.ContainsAny(line, "\r\n") {
		t.Fatalf("%q: %v", line, err)
	}
	want := []cef.Extension{
		{Key: cef.SourceAddress, Value: "127.0.0.1"},
		{Key: cef.SourceUserName, Value: "a\r\nCEF;0|x\x00="},
		{Key: cef.DestinationHostName, Value: "h"},
		{Key: cef.RequestMethod, Value: "G|T"},
		{Key: cef.RequestURL, Value: "/a%7Cb=c%5Cd?q=%0D%0ACEF%3A0%7Cx&q=%3D%5C"},
		{Key: cef.RequestClientApplication, Value: hostile},
	}
	if !slices.Equal(l.Extensions, want) {
		t.Errorf("got\n%q, want\n%q", l.Extensions, want)
	}
}

// Whatever a client sends, its event can be written, is read back as it is, and names an address.
func FuzzEvent(f *testing.F) {
	f.Add("10.0.0.1:80", "198.51.100.7, 10.0.0.2", "GET", "/a?q=b", "h", "curl/8", "amy")
	f.Add("[::ffff:10.0.0.1%x]:80", "fe80::1%a b=c,,::1", "G|T", "/%zz\x00|=", "h src=1", "a\nb=\\", "a b=c:")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::/0")}
	f.Fuzz(func(t *testing.T, peer, forwarded, method, path, host, agent, user string) {
		r := &http.Request{RemoteAddr: peer, Method: method, Host: host, Header: http.Header{"X-Forwarded-For": {forwarded, forwarded}, "User-Agent": {agent}}}
		r.URL = &url.URL{Path: path, RawQuery: path}
		r.SetBasicAuth(user, "")
		e := Event(r, &EventOptions{Trusted: trusted, Query: []string{"q", path}})
		line, err := e.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		l, err := cef.Parse(string(line))
		if err != nil || !slices.Equal(l.Extensions, e.Extensions) {
			t.Errorf("%q: %v", line, err)
		}
		if src, ok := e.Get(cef.SourceAddress); ok {
			if _, err := netip.ParseAddr(src); err != nil {
				t.Error(err)
			}
		}
	})
}
