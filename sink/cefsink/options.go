package cefsink

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
)

// A Format is how a record's header is written.
type Format int

// The two formats of syslog, by the numbers of their RFCs.
const (
	RFC5424 Format = 5424
	RFC3164 Format = 3164
)

// Options are what may be chosen about a [Sink]. The zero value of each field means its default.
type Options struct {
	// Format is the header's. The default is RFC5424, but RFC3164 over unixgram: most local daemons read nothing else.
	Format Format

	// Facility is what messages have that name none, or one that is not allowed: a word of syslog(3) without LOG_. The
	// default is LOCAL4.
	Facility string

	// Facilities are those that messages may name. The default is LOCAL0 to LOCAL7; an empty list is none.
	Facilities []string

	// Ident is the program's name for messages that name none, or one that is not allowed: 1 to 48 letters, digits, dots,
	// underscores and hyphens (32 for RFC 3164). The default is "metlog".
	Ident string

	// Idents are those that messages may name. The default is none.
	Idents []string

	// KeepStamp keeps the date and host that stand before "CEF:" in a payload.
	KeepStamp bool

	// MaxBytes is the length of the longest record, header included, from 1,024 to 65,507. The default is 8,192.
	MaxBytes int

	// TLS has what tls:// needs beyond the defaults, such as RootCAs, Certificates and a ServerName. It is cloned; TLS 1.2
	// is the least, and InsecureSkipVerify is refused.
	TLS *tls.Config

	// Resend is for how long records are kept after they were written, to be sent again if the connection breaks. The
	// default is 1 s; negative is not at all. UDP and unixgram keep none.
	Resend time.Duration

	// ResendBytes is how many bytes of records are kept at most, in steps of 256 KiB, of which two are the least. The
	// default is 16 MiB.
	ResendBytes int
}

const (
	defaultMaxBytes    = 8 << 10
	minMaxBytes        = 1 << 10
	maxMaxBytes        = 65_507 // the largest UDP payload over IPv4
	defaultResend      = time.Second
	defaultResendBytes = 16 << 20
)

// complete checks the options and puts the defaults in.
func (o *Options) complete(network string) error {
	switch {
	case o.Format != 0 && o.Format != RFC5424 && o.Format != RFC3164:
		return fmt.Errorf("Options.Format %d is none of the formats", o.Format)
	case o.MaxBytes != 0 && (o.MaxBytes < minMaxBytes || o.MaxBytes > maxMaxBytes):
		return fmt.Errorf("Options.MaxBytes is not within %d and %d: %d", minMaxBytes, maxMaxBytes, o.MaxBytes)
	case o.ResendBytes < 0:
		return fmt.Errorf("Options.ResendBytes is negative: %d", o.ResendBytes)
	case o.TLS != nil && o.TLS.InsecureSkipVerify:
		return errors.New("Options.TLS.InsecureSkipVerify is set: anybody could take the server's place")
	case o.TLS != nil && o.TLS.MaxVersion != 0 && o.TLS.MaxVersion < tls.VersionTLS12:
		return errors.New("Options.TLS.MaxVersion is below TLS 1.2, which is the least")
	}
	if o.Format == 0 {
		o.Format = RFC5424
		if network == "unixgram" {
			o.Format = RFC3164
		}
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Resend == 0 {
		o.Resend = defaultResend
	}
	if o.ResendBytes == 0 {
		o.ResendBytes = defaultResendBytes
	}
	if o.Facility == "" {
		o.Facility = "LOCAL4"
	}
	if o.Facilities == nil {
		for n := range 8 {
			o.Facilities = append(o.Facilities, fmt.Sprintf("LOCAL%d", n))
		}
	}
	if o.Ident == "" {
		o.Ident = "metlog"
	}
	return nil
}

// allowed are the facilities and idents of messages.
type allowed struct {
	facility   int
	facilities [24]bool
	ident      string
	idents     map[string]bool
}

func (o *Options) allowed() (a allowed, err error) {
	meta := cef.Meta{Facility: o.Facility}
	code, ok := meta.FacilityCode()
	if !ok {
		return a, fmt.Errorf("Options.Facility %.80q is no facility", o.Facility)
	}
	a.facility = code
	for _, name := range o.Facilities {
		meta.Facility = name
		code, ok := meta.FacilityCode()
		if !ok || strings.TrimSpace(name) == "" {
			return a, fmt.Errorf("Options.Facilities: %.80q is no facility", name)
		}
		a.facilities[code] = true
	}
	if !isIdent(o.Ident, o.Format) {
		return a, fmt.Errorf("Options.Ident %.80q is no name", o.Ident)
	}
	a.ident, a.idents = o.Ident, make(map[string]bool, len(o.Idents))
	for _, name := range o.Idents {
		if !isIdent(name, o.Format) {
			return a, fmt.Errorf("Options.Idents: %.80q is no name", name)
		}
		a.idents[name] = true
	}
	return a, nil
}

// isIdent reports whether name can be RFC 5424's APP-NAME, or RFC 3164's TAG (with the other characters that programs'
// names have; rsyslog ends a tag at a slash).
func isIdent(name string, format Format) bool {
	limit := 48
	if format == RFC3164 {
		limit = 32
	}
	for i := range len(name) {
		if !inName[name[i]] {
			return false
		}
	}
	return name != "" && len(name) <= limit
}

// inName are the characters of hosts' and programs' names: what ends one in either format is not among them.
var inName = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-" {
		in[c] = true
	}
	return in
}()
