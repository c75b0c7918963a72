package sentrysink

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names returns the names that the schemas know, old and new, and some that they do not.
func names() []string {
	all := []string{
		"", "x", "password", `\ud83d`, "values", "frames", "sentry.interfaces.Exception", "sentry.interfaces.Stacktrace", "sentry.interfaces.Http",
		"sentry.interfaces.User", "sentry.interfaces.Message", "sentry.interfaces.Query", "culprit", "checksum", "site", "project", "headers", "cookies", "env",
	}
	for _, o := range []*object{eventObject, frameObject, valueObject, threadObject, crumbObject, entryObject} {
		for name := range o.names {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// drawValue writes any JSON value with those names in it.
func drawValue(t *rapid.T, b *strings.Builder, names []string, depth int) {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth > 6 {
		kind = min(kind, 5)
	}
	switch kind {
	case 0, 1:
		b.WriteString(rapid.SampledFrom([]string{"null", "true", "false", "0", "-1", "7", "40", "1e400", "1351848667.5", "18446744073709551616"}).Draw(t, "scalar"))
	case 2, 3, 4, 5:
		b.WriteString(`"` + rapid.SampledFrom([]string{
			"", "a", `\ud83d`, `\udc00\ud83d`, `\u0000`, `a\"b`, "http://a:b@c/?token=d", "2012-11-02T09:31:07Z", "2012-11-02", "error", testID, "é💳", `\n`, "a=b&key=c",
		}).Draw(t, "text") + `"`)
	case 6:
		b.WriteString("[")
		for i := range rapid.IntRange(0, 3).Draw(t, "elements") {
			if i > 0 {
				b.WriteString(" , ")
			}
			drawValue(t, b, names, depth+1)
		}
		b.WriteString("]")
	default:
		drawObject(t, b, names, depth)
	}
}

func drawObject(t *rapid.T, b *strings.Builder, names []string, depth int) {
	b.WriteString("{")
	for i := range rapid.IntRange(0, 5).Draw(t, "members") {
		if i > 0 {
			b.WriteString(",")
		}
		_, _ = fmt.Fprintf(b, `"%s" : `, rapid.SampledFrom(names).Draw(t, "name"))
		drawValue(t, b, names, depth+1)
	}
	b.WriteString("}")
}

// Whatever an event says, with whatever in the places that the schemas know, a strict server keeps what is sent, and what
// is sent needs no mending.
func TestAnyEvent(t *testing.T) {
	s := newSink(t, "http://k@h/1", nil)
	known := names()
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		drawObject(r, &b, known, 0)
		payload := b.String()
		if rapid.Bool().Draw(r, "packed") {
			payload = packed(t, payload)
		}
		m := exception(t, payload)
		limit := rapid.SampledFrom([]int{300, 1000, 1 << 20}).Draw(r, "limit")
		e, err := s.event(&m, new(scratch))
		if err != nil {
			r.Fatal(err)
		}
		text, err := e.append(nil, limit)
		if err != nil {
			return
		}
		checkSchema(t, string(text))
		e, err = s.event(new(exception(t, string(text))), new(scratch))
		if err != nil {
			r.Fatalf("%v in %s", err, text)
		}
		if again, err := e.append(nil, 2<<20); err != nil || string(again) != string(text) && !isRaven(string(text)) {
			r.Fatalf("%v: %s, then %s", err, text, again)
		}
	})
}
