package middleware

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mozilla-services/metlog-go/cef"
)

// EventOptions are what may be chosen about Event. The zero value is all defaults.
type EventOptions struct {
	// Base is what every event begins with: its vendor, product and version, mostly. The default is an empty event.
	Base cef.Event

	// Trusted are the networks of proxies whose word is taken for whom they speak for. The default is nobody.
	Trusted []netip.Prefix

	// Query names the parameters of the request's query that are shown. The default is none: others may be secrets.
	Query []string
}

// Event returns a security event about a request, for [metlog.Client.CEF]. Signature, name and severity are the caller's to
// set, and so is anything else:
//
//	e := middleware.Event(r, options)
//	e.Signature, e.Name, e.Severity = cef.AuthFailure, "bad login", 5
//	e.Set(cef.SourceUserName, name)
//	m.CEF(r.Context(), e, cef.Meta{})
//
// It has these keys, each only if it is known, as the client sent it, and cut to [cef.Key.Limit]:
//
//   - [cef.SourceAddress]: who sent the request. That is the peer, unless it is in Trusted: then it is the last address of
//     X-Forwarded-For that is not, or where the header has none, the last that could be read.
//   - [cef.SourceUserName]: the name of Basic authentication, right or wrong.
//   - [cef.DestinationHostName]: the host that was asked for.
//   - [cef.RequestMethod] and [cef.RequestURL]: the path, and the parameters that Query names.
//   - [cef.RequestClientApplication]: the User-Agent. The clients of 2012 sent it as cs1, labelled so.
//
// The path and the name are shown as they are. Where one may be a secret, as the keys that some clients send for a name
// are, [cef.Event.Set] it to another text before the event is sent.
func Event(r *http.Request, o *EventOptions) cef.Event {
	if o == nil {
		o = &EventOptions{}
	}
	e := o.Base
	e.Extensions = slices.Grow(slices.Clone(e.Extensions), 6)
	user, _, _ := r.BasicAuth()
	for _, x := range [...]cef.Extension{
		{Key: cef.SourceAddress, Value: sender(r, o.Trusted)},
		{Key: cef.SourceUserName, Value: user},
		{Key: cef.DestinationHostName, Value: r.Host},
		{Key: cef.RequestMethod, Value: r.Method},
		{Key: cef.RequestURL, Value: asked(r.URL, o.Query)},
		{Key: cef.RequestClientApplication, Value: r.UserAgent()},
	} {
		if x.Value != "" {
			e.Set(x.Key, x.Key.Clip(x.Value))
		}
	}
	return e
}

// sender returns the address a request came from, or nothing.
func sender(r *http.Request, trusted []netip.Prefix) string {
	from, ok := address(r.RemoteAddr)
	if !ok {
		return "" // a socket of another kind
	}
	lines := r.Header.Values("X-Forwarded-For")
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(from) }) {
				return from.String()
			}
			comma := strings.LastIndexByte(rest, ',')
			before, ok := address(strings.TrimSpace(rest[comma+1:]))
			if !ok {
				return from.String()
			}
			from = before
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
		}
	}
	return from.String()
}

// address reads an address with or without a port.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		var p netip.AddrPort
		p, err = netip.ParseAddrPort(s)
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}

// asked returns the path of a URL with the parameters named.
func asked(u *url.URL, names []string) string {
	if u == nil {
		return ""
	}
	path := u.EscapedPath()
	if len(names) == 0 || u.RawQuery == "" {
		return path
	}
	query := u.Query()
	shown := url.Values{}
	for _, name := range names {
		if values, ok := query[name]; ok {
			shown[name] = values
		}
	}
	if len(shown) == 0 {
		return path
	}
	return path + "?" + shown.Encode()
}
