package sentrysink

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

// What is taken from one object of a translated event, whose values cost more memory than their text. The frames are as
// many as Sentry shows.
const (
	maxFrames  = 250
	maxVars    = 200
	maxParts   = 50_000 // frames, variables, lines and the like in one event
	outermost  = 50     // of maxFrames
	moreValues = "…"
)

const interfaces = "sentry.interfaces."

// isRaven reports whether an event is of the schema that Sentry had until 2014.
func isRaven(event string) bool {
	for quoted := range jsontext.Members(event) {
		if strings.HasPrefix(jsontext.Unquote(quoted), interfaces) {
			return true
		}
	}
	return false
}

// A raven is an event of the old schema, being translated.
type raven struct {
	*sentry.Event
	tidier tidier
	left   int // of maxParts
	lost   cut // what there was no room for
	stack  *sentry.Stacktrace
	rest   sentry.Context // what has no place of its own today
}

// more reports whether one more may be added to n of a kind; if not, that is lost.
func (r *raven) more(n int, of cut) bool {
	if n >= maxVars || r.left <= 0 {
		r.lost = max(r.lost, of)
		return false
	}
	r.left--
	return true
}

// text returns a value as text, without the secrets in it that have names.
func (r *raven) text(value string) string { return r.tidier.textOf(value) }

// translate returns the raven event that a message holds in today's schema, and what of it is lost. What becomes text on
// the way has no names to hide it by later, so that is hidden here.
func translate(event string, m *envelope.Message, hide secret.Names) (*sentry.Event, cut) {
	r := raven{
		Event:  &sentry.Event{Platform: "python", Logger: m.Logger(), ServerName: m.Hostname(), Contexts: make(map[string]sentry.Context)},
		tidier: tidier{hide: hide},
		left:   maxParts,
		rest:   make(sentry.Context),
	}
	for quoted, value := range jsontext.Members(event) {
		if name := jsontext.Unquote(quoted); value != "null" && value != `""` {
			if jsontext.Is(value, '"') && hide.Hides(name) {
				value = hiddenValue
			}
			r.member(name, value)
		}
	}
	if r.stack != nil {
		if n := len(r.Exception); n == 0 {
			r.Threads = []sentry.Thread{{Stacktrace: r.stack, Current: true}}
		} else if r.Exception[n-1].Stacktrace == nil {
			r.Exception[n-1].Stacktrace = r.stack
		}
	}
	if len(r.rest) > 0 {
		r.Contexts["raven"] = r.rest
	}
	return r.Event, r.lost
}

// member puts one of the event's members where it is today.
func (r *raven) member(name, value string) { //nolint:gocyclo // one case a member
	switch name {
	case "event_id":
	case "message":
		r.Message = r.text(value)
	case "timestamp":
		r.Timestamp, _ = parseTime(textOf(value))
	case "level":
		r.Level, _ = levelOf(value)
	case "logger":
		r.Logger = r.text(value)
	case "server_name":
		r.ServerName = r.text(value)
	case "platform":
		r.Platform = r.text(value)
	case "culprit":
		r.Transaction = r.text(value)
	case "release":
		r.Release = r.text(value)
	case "environment":
		r.Environment = r.text(value)
	case "checksum":
		r.Fingerprint = []string{r.text(value)}
	case "modules":
		r.Modules = r.texts(value)
	case "tags":
		r.tags(r.texts(value))
	case "site":
		r.tags(map[string]string{"site": r.text(value)})
	case "extra":
		r.Contexts["extra"] = r.values(value, fields)
	case interfaces + "Exception", "exception":
		r.exceptions(value)
	case interfaces + "Stacktrace", "stacktrace":
		r.stack = r.stackOf(value)
	case interfaces + "Http", "request":
		r.Request = r.requestOf(value)
	case interfaces + "User", "user":
		r.user(value)
	case interfaces + "Message":
		if r.Message == "" {
			r.Message = r.text(jsontext.Member(value, "message"))
		}
		r.keep(name, value)
	default:
		r.keep(name, value)
	}
}

// keep keeps what today's schema has no place for.
func (r *raven) keep(name, value string) {
	if r.more(len(r.rest), fields) {
		r.rest[strings.TrimPrefix(name, interfaces)] = json.RawMessage(value)
	}
}

func (r *raven) tags(tags map[string]string) {
	if r.Tags == nil {
		r.Tags = make(map[string]string)
	}
	for name, text := range tags {
		if len(r.Tags) >= maxVars {
			r.lost = max(r.lost, fields)
			return
		}
		r.Tags[name] = text
	}
}

// exceptions reads one exception, or those of a chain.
func (r *raven) exceptions(value string) {
	r.Exception = nil
	list := jsontext.Member(value, "values")
	if list == "" {
		list = "[" + value + "]"
	}
	for element := range jsontext.Elements(list) {
		if jsontext.Is(element, '{') && r.more(len(r.Exception), frames) {
			x := sentry.Exception{
				Type:   r.text(jsontext.Member(element, "type")),
				Value:  r.text(jsontext.Member(element, "value")),
				Module: r.text(jsontext.Member(element, "module")),
			}
			if stack := jsontext.Member(element, "stacktrace"); jsontext.Is(stack, '{') {
				x.Stacktrace = r.stackOf(stack)
			}
			r.Exception = append(r.Exception, x)
		}
	}
}

func (r *raven) user(value string) {
	u := sentry.User{}
	for name, text := range r.texts(value) {
		switch name {
		case "id":
			u.ID = text
		case "username":
			u.Username = text
		case "email":
			u.Email = text
		case "ip_address":
			u.IPAddress = text
		default:
			if u.Data == nil {
				u.Data = make(map[string]string)
			}
			u.Data[name] = text
		}
	}
	r.User = u
}

func (r *raven) requestOf(value string) *sentry.Request {
	request := &sentry.Request{}
	for quoted, value := range jsontext.Members(value) {
		switch jsontext.Unquote(quoted) {
		case "url":
			request.URL = r.text(value)
		case "method":
			request.Method = r.text(value)
		case "query_string":
			request.QueryString = r.text(value)
		case "data":
			request.Data = r.text(value)
		case "cookies":
			request.Cookies = r.text(value)
		case "headers":
			request.Headers = r.texts(value)
		case "env":
			request.Env = r.texts(value)
		}
	}
	return request
}

// stackOf reads a stack, and of one that is too deep its ends.
func (r *raven) stackOf(value string) *sentry.Stacktrace {
	list := jsontext.Member(value, "frames")
	n := 0
	for range jsontext.Elements(list) {
		n++
	}
	s := &sentry.Stacktrace{}
	if n > maxFrames {
		r.lost = frames
	}
	i := -1
	for element := range jsontext.Elements(list) {
		if i++; jsontext.Is(element, '{') && (n <= maxFrames || i < outermost || i >= n-(maxFrames-outermost)) && r.more(0, frames) {
			s.Frames = append(s.Frames, r.frameOf(element))
		}
	}
	return s
}

func (r *raven) frameOf(value string) sentry.Frame { //nolint:gocyclo // one case a member
	f := sentry.Frame{InApp: true}
	for quoted, value := range jsontext.Members(value) {
		switch jsontext.Unquote(quoted) {
		case "function":
			f.Function = r.text(value)
		case "module":
			f.Module = r.text(value)
		case "filename":
			f.Filename = r.text(value)
		case "abs_path":
			f.AbsPath = r.text(value)
		case "lineno":
			f.Lineno = number(value)
		case "colno":
			f.Colno = number(value)
		case "context_line":
			f.ContextLine = r.text(value)
		case "pre_context":
			f.PreContext = r.lines(value)
		case "post_context":
			f.PostContext = r.lines(value)
		case "in_app":
			f.InApp = value != "false"
		case "vars":
			f.Vars = r.values(value, allVars)
		}
	}
	return f
}

func (r *raven) lines(value string) (lines []string) {
	for element := range jsontext.Elements(value) {
		if r.more(len(lines), frames) {
			lines = append(lines, r.text(element))
		}
	}
	return lines
}

func number(value string) int {
	n, err := strconv.ParseUint(textOf(value), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// texts returns the texts of an object's members, or of an array's pairs.
func (r *raven) texts(value string) map[string]string {
	out := make(map[string]string)
	for quoted, value := range jsontext.Members(value) {
		if text := r.text(value); text != "" && r.more(len(out), fields) {
			out[jsontext.Unquote(quoted)] = text
		}
	}
	for pair := range jsontext.Elements(value) {
		var both []string
		for element := range jsontext.Elements(pair) {
			if len(both) < 3 {
				both = append(both, r.text(element))
			}
		}
		if len(both) == 2 && both[0] != "" && both[1] != "" && r.more(len(out), fields) {
			out[both[0]] = both[1]
		}
	}
	return out
}

func (r *raven) values(value string, of cut) map[string]any {
	out, all := values(value, min(maxVars, r.left))
	if !all {
		r.lost = max(r.lost, of)
	}
	r.left -= len(out)
	return out
}

// values returns an object's members, or the value by the name "value", and whether these are all. Beyond limit it says how
// many there are.
func values(value string, limit int) (out map[string]any, all bool) {
	if value == "null" || limit <= 0 {
		return nil, value == "null"
	}
	out = make(map[string]any)
	if !jsontext.Is(value, '{') {
		out["value"] = json.RawMessage(value)
		return out, true
	}
	more := 0
	for quoted, value := range jsontext.Members(value) {
		if len(out) < limit {
			out[jsontext.Unquote(quoted)] = json.RawMessage(value)
		} else {
			more++
		}
	}
	if more > 0 {
		out[moreValues] = strconv.Itoa(more) + " more"
	}
	return out, more == 0
}
