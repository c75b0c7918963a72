package sentrysink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A DSNError says why a DSN is not used. It quotes nothing of it, since it holds a secret, but the host and the port that
// are not allowed.
type DSNError struct {
	Where  string // which DSN it is: "dsn", "Options.ByLogger[shop]", "fields.dsn"
	Reason string
}

func (e *DSNError) Error() string { return fmt.Sprintf("sentrysink: %s: %s", e.Where, e.Reason) }

// A target is where events are sent.
type target struct {
	url    string
	auth   string   // a header
	id     string   // tells targets apart; it holds the keys
	name   string   // a URL without secrets
	keys   []string // what no error may quote
	chosen bool     // by a message
}

// newTarget reads a DSN. Its errors quote nothing of it.
func newTarget(dsn string) (*target, error) {
	if err := plainURL(dsn); err != nil {
		return nil, err
	}
	d, err := sentry.NewDsn(dsn)
	if err != nil {
		return nil, errors.New("is no DSN, which is https://KEY@HOST/PROJECT")
	}
	switch {
	case d.GetPort() < 1 || d.GetPort() > 65535:
		return nil, errors.New("its port is not within 1 and 65535")
	case !isWord(d.GetPublicKey()) || d.GetSecretKey() != "" && !isWord(d.GetSecretKey()):
		return nil, errors.New("its keys are not letters and digits")
	case !isWord(d.GetProjectID()):
		return nil, errors.New("its project is not letters and digits")
	}
	t := &target{url: d.GetAPIURL().String(), keys: []string{d.GetPublicKey()}}
	t.auth = "Sentry sentry_version=7, sentry_client=metlog-go, sentry_key=" + d.GetPublicKey()
	if secret := d.GetSecretKey(); secret != "" {
		t.auth += ", sentry_secret=" + secret
		t.keys = append(t.keys, secret)
	}
	t.id = t.url + " " + t.auth
	t.name = d.GetScheme() + "://" + address(d.GetHost(), d.GetPort()) + d.GetPath() + "/" + d.GetProjectID()
	return t, nil
}

// plainURL refuses what could be read as one URL here and as another elsewhere.
func plainURL(dsn string) error {
	if len(dsn) > 1024 {
		return errors.New("is longer than 1,024 bytes")
	}
	for _, c := range []byte(dsn) {
		if c <= ' ' || c > '~' || strings.IndexByte("\\\"'`<>{}|^?#%", c) >= 0 {
			return errors.New("holds what no DSN does")
		}
	}
	_, rest, _ := strings.Cut(dsn, "://")
	if strings.Contains(rest, "//") || strings.Contains(rest, "/.") {
		return errors.New("has a path with dots or nothing in it")
	}
	return nil
}

func isWord(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// address returns host and port in the one form in which they are compared.
func address(host string, port int) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.Itoa(port))
}

// allowed returns an entry of Options.Allow in the form of address.
func allowed(entry string) (string, error) {
	host, port, err := net.SplitHostPort(entry)
	n, wrong := strconv.ParseUint(port, 10, 16)
	if err != nil || wrong != nil || host == "" || n == 0 || strings.ContainsAny(host, "/@?#%\\ ") {
		return "", errors.New("is not host:port")
	}
	return address(host, int(n)), nil
}

// A legacy is what a DSN says, of any scheme, but for its keys.
type legacy struct{ scheme, address, path, project string }

// legacyOf reads a DSN, or one without keys, as a key of Options.ByDSN.
func legacyOf(dsn string) (legacy, error) {
	if err := plainURL(dsn); err != nil {
		return legacy{}, err
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Hostname() == "" {
		return legacy{}, errors.New("names no host")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return legacy{}, errors.New("has no port")
	}
	slash := strings.LastIndexByte(u.Path, '/')
	if slash < 0 || !isWord(u.Path[slash+1:]) {
		return legacy{}, errors.New("names no project")
	}
	return legacy{u.Scheme, address(u.Hostname(), int(n)), u.Path[:slash], u.Path[slash+1:]}, nil
}

// targets are all that configuration names.
type targets struct {
	one       *target // nil: none
	byLogger  map[string]*target
	byProject map[string]*target
	byDSN     map[legacy]*target
	allow     map[string]bool
}

// choose returns where the event of m goes.
func (t *targets) choose(m *envelope.Message, project string) (*target, error) {
	if len(t.byDSN) > 0 || len(t.allow) > 0 {
		if v, _ := m.Field("dsn"); v.Kind() == envelope.String && v.String() != "" {
			return t.named(v.String())
		}
	}
	if to := t.byProject[project]; to != nil {
		return to, nil
	}
	if to := t.byLogger[m.Logger()]; to != nil {
		return to, nil
	}
	if t.one == nil {
		return nil, &DSNError{"message", "no DSN is configured for it"}
	}
	return t.one, nil
}

// named returns the target for a message's own DSN.
func (t *targets) named(dsn string) (*target, error) {
	old, err := legacyOf(dsn)
	if to := t.byDSN[old]; to != nil && err == nil {
		return to, nil
	}
	if !isWeb(dsn) {
		return nil, &DSNError{"fields.dsn", "is no http or https URL and not in Options.ByDSN"}
	}
	if err != nil {
		return nil, &DSNError{"fields.dsn", err.Error()}
	}
	if !t.allow[old.address] {
		return nil, &DSNError{"fields.dsn", nameOf(dsn, old.address) + " is not on the list of addresses allowed"}
	}
	to, err := newTarget(dsn)
	if err != nil {
		return nil, &DSNError{"fields.dsn", err.Error()}
	}
	to.chosen = true
	return to, nil
}

func isWeb(dsn string) bool {
	scheme, _, ok := strings.Cut(dsn, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

const maxAddress = 253 + len(":65535") // bytes of the longest name of a host there is, and a port

// nameOf returns the address that a DSN leads to as an error may name it. Where there is no key before the host, the key may
// be what stands in its place.
func nameOf(dsn, address string) string {
	if u, err := url.Parse(dsn); err != nil || u.User == nil {
		return "what it names as host and port"
	}
	return strconv.Quote(truncate(address, maxAddress))
}

// open reads the DSNs of the options.
func (t *targets) open(dsn string, o *Options) error {
	var errs []error
	read := func(where, dsn string) *target {
		to, err := newTarget(dsn)
		if err != nil {
			errs = append(errs, &DSNError{where, err.Error()})
		}
		return to
	}
	if dsn != "" {
		t.one = read("dsn", dsn)
	}
	t.byLogger, t.byProject = make(map[string]*target), make(map[string]*target)
	for name, dsn := range o.ByLogger {
		t.byLogger[name] = read(fmt.Sprintf("Options.ByLogger[%s]", name), dsn)
	}
	for name, dsn := range o.ByProject {
		t.byProject[name] = read(fmt.Sprintf("Options.ByProject[%s]", name), dsn)
	}
	t.byDSN, t.allow = make(map[legacy]*target), make(map[string]bool)
	for name, dsn := range o.ByDSN {
		old, err := legacyOf(name)
		if err == nil && t.byDSN[old] != nil {
			err = errors.New("is another but for its keys")
		}
		if err != nil {
			errs = append(errs, &DSNError{"a key of Options.ByDSN", err.Error()})
			continue
		}
		t.byDSN[old] = read("Options.ByDSN", dsn)
	}
	for i, entry := range o.Allow {
		at, err := allowed(entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("sentrysink: Options.Allow[%d] %w", i, err)) // which may be a DSN, with its keys
		}
		t.allow[at] = true
	}
	if dsn == "" && len(t.byLogger)+len(t.byProject)+len(t.byDSN)+len(t.allow) == 0 {
		errs = append(errs, &DSNError{"dsn", "is empty, and Options names none"})
	}
	return errors.Join(errs...)
}
