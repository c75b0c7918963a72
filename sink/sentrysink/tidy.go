package sentrysink

import (
	"strconv"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

// A tidier writes events so that a server keeps what it takes: what breaks the schema is mended or left out. What needs
// no mending is written as it stands.
type tidier struct {
	hide secret.Names
	cut  cut
	lost cut // before

	dated, leveled, tagged bool // the event has a timestamp, a level, tags
}

// event appends the event that text is, with an id, and with a date and a level if it has none of its own.
func (t *tidier) event(b []byte, text, id string, at time.Time, level sentry.Level) []byte {
	t.dated, t.leveled, t.tagged = false, false, false
	b = append(b, `{"event_id":"`...)
	b = append(b, id...)
	b = append(b, '"')
	o := eventObject
	if t.cut >= fields {
		o = bareEvent
	}
	b = t.known(b, text, o, true)
	if !t.dated {
		b = append(b, `,"timestamp":"`...)
		b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
		b = append(b, '"')
	}
	if !t.leveled {
		b = append(b, `,"level":"`...)
		b = append(b, level...)
		b = append(b, '"')
	}
	if t.loss() > whole && !t.tagged {
		b = append(b, `,"tags":{`...)
		b = append(t.mark(b), '}')
	}
	return append(b, '}')
}

// loss is what the event has lost, now or before.
func (t *tidier) loss() cut { return max(t.cut, t.lost) }

// mark appends the tag that says what was lost.
func (t *tidier) mark(b []byte) []byte {
	b = append(b, `"metlog.cut":"`...)
	b = append(b, t.loss().String()...)
	return append(b, '"')
}

// known appends the members of an object without its braces; of a known name that stands there twice the last. Another
// member goes before them if comma is true.
func (t *tidier) known(b []byte, text string, o *object, comma bool) []byte {
	var last [maxKnown]int // which of the members of that name counts
	n := 0
	for quoted := range jsontext.Members(text) {
		if i, ok := o.names[jsontext.Unquote(quoted)]; ok {
			last[i] = n
		}
		n++
	}
	n = -1
	for quoted, value := range jsontext.Members(text) {
		n++
		before := len(b)
		if comma {
			b = append(b, ',')
		}
		name := jsontext.Unquote(quoted)
		i, ok := o.names[name]
		b = append(jsontext.AppendWhole(b, quoted), ':')
		wrote := false
		switch {
		case ok && last[i] != n:
		case ok:
			if o.rules[i].kind.hideable() && value != "null" && t.hide.Hides(name) {
				value = hiddenValue
			}
			b, wrote = t.value(b, name, value, &o.rules[i])
		case value != "null":
			b, wrote = t.named(b, name, value), true
		}
		if !wrote {
			b = b[:before]
		} else {
			comma = true
		}
	}
	return b
}

// value appends a value by its rule, and reports whether there was anything to append.
func (t *tidier) value(b []byte, name, value string, r *rule) ([]byte, bool) { //nolint:gocyclo // one case a kind
	switch r.kind {
	case asText:
		if jsontext.Is(value, '"') {
			return t.quoted(b, value), true
		}
		text := t.textOf(value)
		return t.text(b, text), text != ""
	case asURL:
		text := t.textOf(value)
		return t.url(b, text), text != ""
	case asForm:
		if jsontext.Is(value, '"') {
			return appendText(b, t.hide.Form(jsontext.Unquote(value))), true
		}
		return t.named(b, name, value), value != "null"
	case asTexts, asLines:
		return t.texts(b, value, r.kind == asLines)
	case asTextMap:
		return t.textMap(b, name, value)
	case asNumber:
		return appendCount(b, value)
	case asBool:
		return append(b, value...), value == "true" || value == "false"
	case asTime:
		return append(b, value...), isTime(value)
	case asDate:
		t.dated = isTime(value)
		return append(b, value...), t.dated
	case asLevel:
		level, ok := levelOf(value)
		t.leveled = ok
		return appendText(b, string(level)), ok
	case asMessage:
		if jsontext.Is(value, '{') {
			return append(t.known(append(b, '{'), value, r.object, false), '}'), true
		}
		return t.value(b, name, value, &rule{kind: asText})
	case asObject:
		return t.object(b, value, r.object)
	case asList:
		return t.any(b, value), jsontext.Is(value, '[')
	case asVars:
		return t.vars(b, value)
	case asMap:
		return t.objects(b, value)
	case asValues:
		return t.values(b, value, r.object)
	case asFrames:
		return t.frames(b, value, r.object)
	case asNothing:
		return b, false
	default:
		return t.any(b, value), value != "null"
	}
}

// object appends an object by its rules, or as it stands if it has none.
func (t *tidier) object(b []byte, value string, o *object) ([]byte, bool) {
	switch {
	case !jsontext.Is(value, '{') || jsontext.IsEmpty(value):
		return b, false
	case o == nil:
		return t.any(b, value), true
	}
	b = append(b, '{')
	start := len(b)
	b = t.known(b, value, o, false)
	return append(b, '}'), len(b) > start
}

// appendCount appends a whole number that is not negative, also one that is quoted.
func appendCount(b []byte, value string) ([]byte, bool) {
	if jsontext.Is(value, '"') {
		value = jsontext.Unquote(value)
	}
	n, err := strconv.ParseUint(value, 10, 31)
	return strconv.AppendUint(b, n, 10), err == nil
}

func (t *tidier) texts(b []byte, value string, lines bool) ([]byte, bool) {
	if !jsontext.Is(value, '[') {
		return b, false
	}
	b = append(b, '[')
	start := len(b)
	for element := range jsontext.Elements(value) {
		before := len(b)
		if before > start {
			b = append(b, ',')
		}
		if jsontext.Is(element, '"') {
			b = t.quoted(b, element)
		} else if text := t.textOf(element); text != "" || lines {
			b = t.text(b, text)
		} else {
			b = b[:before]
		}
	}
	return append(b, ']'), true
}

// textMap appends tags or modules.
func (t *tidier) textMap(b []byte, name, value string) ([]byte, bool) {
	if !jsontext.Is(value, '{') && !jsontext.Is(value, '[') {
		return b, false
	}
	tags := name == "tags"
	b = append(b, '{')
	start := len(b)
	put := func(name, value string) {
		text := t.textOf(value)
		if name == "" || text == "" {
			return
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		if tags && t.hide.Hides(name) {
			text = secret.Hidden
		}
		b = t.text(b, text)
	}
	for quoted, value := range jsontext.Members(value) {
		put(jsontext.Unquote(quoted), value)
	}
	for pair := range jsontext.Elements(value) {
		var both [2]string
		n := 0
		for element := range jsontext.Elements(pair) {
			if n < len(both) {
				both[n] = element
			}
			n++
		}
		if n == len(both) {
			put(textOf(both[0]), both[1])
		}
	}
	if tags {
		t.tagged = true
		if t.loss() > whole {
			if len(b) > start {
				b = append(b, ',')
			}
			b = t.mark(b)
		}
	}
	return append(b, '}'), true
}

// vars appends an object, or one with the value.
func (t *tidier) vars(b []byte, value string) ([]byte, bool) {
	switch {
	case value == "null":
		return b, false
	case jsontext.Is(value, '{'):
		return t.any(b, value), true
	}
	b = append(b, `{"value":`...)
	return append(t.any(b, value), '}'), true
}

// objects appends an object of objects.
func (t *tidier) objects(b []byte, value string) ([]byte, bool) {
	if !jsontext.Is(value, '{') {
		return b, false
	}
	b = append(b, '{')
	start := len(b)
	for quoted, value := range jsontext.Members(value) {
		before := len(b)
		if before > start {
			b = append(b, ',')
		}
		b = append(jsontext.AppendWhole(b, quoted), ':')
		if value != "null" && t.hide.Hides(jsontext.Unquote(quoted)) {
			value = hiddenValue
		}
		var wrote bool
		if b, wrote = t.vars(b, value); !wrote {
			b = b[:before]
		}
	}
	return append(b, '}'), true
}

// values appends {"values":[…]} or the array, as it stands there.
func (t *tidier) values(b []byte, value string, o *object) ([]byte, bool) {
	list := value
	wrapped := false
	if jsontext.Is(value, '{') {
		if list = jsontext.Member(value, "values"); list == "" {
			b = t.known(append(b, `[{`...), value, o, false)
			return append(b, `}]`...), !jsontext.IsEmpty(value)
		}
		wrapped = true
	}
	if !jsontext.Is(list, '[') {
		return b, false
	}
	if wrapped {
		b = append(b, `{"values":`...)
	}
	b = append(b, '[')
	start := len(b)
	for element := range jsontext.Elements(list) {
		if !jsontext.Is(element, '{') {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(t.known(append(b, '{'), element, o, false), '}')
	}
	if b = append(b, ']'); wrapped {
		b = append(b, '}')
	}
	return b, true
}
