package metlog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/envelope"
)

// CEF sends a security event, as a message of type cef: the payload is its line, the field cef_meta what meta says of its
// way into syslog. The message is of the client's severity, whatever the event's is.
//
// What cannot be written costs only itself, since whoever causes an event may choose its words: line ends in headers become
// spaces, a severity or version out of range the next one within, and an extension whose key cannot be written is left out.
// [Client.Damaged] counts such a message, and OnError is told the [*cef.Error].
func (c *Client) CEF(ctx context.Context, event cef.Event, meta cef.Meta) {
	severity := c.options.Severity
	if !c.passes(envelope.TypeCEF, severity) {
		c.drop(whyFiltered)
		return
	}
	d := c.draft()
	b, err := event.Append(d.memory[:0])
	if err != nil {
		c.report.tell(fmt.Errorf("metlog: event %.100q: %w", event.Name, err))
		b = appendMended(b, event)
	}
	n := len(b)
	b = appendMeta(b, &meta)
	switch {
	case !utf8.Valid(b[:n]): // counted when it is written
	case err != nil:
		c.damaged.Add(1)
	case !utf8.ValidString(meta.Priority + meta.Ident + meta.Facility + meta.Options):
		c.damage(envelope.TypeCEF, replaced)
	}
	payload := unsafe.String(unsafe.SliceData(b), n)                              //nolint:gosec // it is copied before d rests
	_ = c.writeJSON(ctx, time.Time{}, severity, envelope.TypeCEF, payload, b[n:]) // fields are an object
	d.memory = b
	c.rest(d)
}

// appendMended appends an event without what cannot be written.
func appendMended(b []byte, event cef.Event) []byte {
	for _, header := range []*string{&event.Vendor, &event.Product, &event.DeviceVersion, &event.Signature, &event.Name} {
		*header = strings.NewReplacer("\r", " ", "\n", " ").Replace(*header)
	}
	event.Version = min(max(event.Version, 0), cef.MaxVersion)
	event.Severity = min(max(event.Severity, 0), cef.MaxSeverity)
	event.Extensions = slices.DeleteFunc(slices.Clone(event.Extensions), func(x cef.Extension) bool { return x.Key.Check() != nil })
	b, _ = event.Append(b)
	return b
}

// appendMeta appends the fields of a message of type cef, as the original clients wrote them: with all members.
func appendMeta(b []byte, meta *cef.Meta) []byte {
	b = append(b, `{"`+cef.MetaField+`":{`...)
	for i, m := range [...]struct{ name, value string }{
		{cef.MetaPriority, meta.Priority},
		{cef.MetaIdent, meta.Ident},
		{cef.MetaFacility, meta.Facility},
		{cef.MetaOptions, meta.Options},
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, m.name...)
		b = append(b, `":`...)
		if m.value == "" {
			b = append(b, "null"...)
		} else {
			b = appendText(b, m.value, maxEscaped*len(m.value))
		}
	}
	return append(b, "}}"...)
}
