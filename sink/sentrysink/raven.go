package sentrysink

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
)

// What is taken from one object of a translated event, whose values cost more memory than their text. The frames are as
// many as Sentry shows.
const (
	maxFrames  = 250
	maxVars    = 200
	outermost  = 50 // of maxFrames
	moreValues = "…"
)

const interfaces = "sentry.interfaces."

// isRaven reports whether an event is of the schema that Sentry had until 2014.
func isRaven(event string) bool {
	for quoted := range members(event) {
		if strings.HasPrefix(unquote(quoted), interfaces) {
			return true
		}
	}
	return false
}

// A raven is an event of the old schema, being translated.
type raven struct {
	*sentry.Event
	stack *sentry.Stacktrace
	rest  sentry.Context // what has no place of its own today
}

// translate returns the raven event that a message holds in today's schema.
func translate(event string, m *envelope.Message) *sentry.Event {
	r := raven{
		Event: &sentry.Event{Platform: "python", Logger: m.Logger(), ServerName: m.Hostname(), Contexts: make(map[string]sentry.Context)},
		rest:  make(sentry.Context),
	}
	for quoted, value := range members(event) {
		if value != "null" && value != `""` {
			r.member(unquote(quoted), value)
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
	return r.Event
}

// member puts one of the event's members where it is today.
func (r *raven) member(name, value string) { //nolint:gocyclo // one case a member
	switch name {
	case "event_id":
	case "message":
		r.Message = textOf(value)
	case "timestamp":
		r.Timestamp, _ = parseTime(textOf(value))
	case "level":
		r.Level, _ = levelOf(value)
	case "logger":
		r.Logger = textOf(value)
	case "server_name":
		r.ServerName = textOf(value)
	case "platform":
		r.Platform = textOf(value)
	case "culprit":
		r.Transaction = textOf(value)
	case "release":
		r.Release = textOf(value)
	case "environment":
		r.Environment = textOf(value)
	case "checksum":
		r.Fingerprint = []string{textOf(value)}
	case "modules":
		r.Modules = texts(value)
	case "tags":
		r.tags(texts(value))
	case "site":
		r.tags(map[string]string{"site": textOf(value)})
	case "extra":
		r.Contexts["extra"] = values(value)
	case interfaces + "Exception", "exception":
		r.exceptions(value)
	case interfaces + "Stacktrace", "stacktrace":
		r.stack = stackOf(value)
	case interfaces + "Http", "request":
		r.Request = requestOf(value)
	case interfaces + "User", "user":
		r.user(value)
	case interfaces + "Message":
		if r.Message == "" {
			r.Message = textOf(member(value, "message"))
		}
		r.keep(name, value)
	default:
		r.keep(name, value)
	}
}

// keep keeps what today's schema has no place for.
func (r *raven) keep(name, value string) {
	if len(r.rest) < maxVars {
		r.rest[strings.TrimPrefix(name, interfaces)] = json.RawMessage(value)
	}
}

func (r *raven) tags(tags map[string]string) {
	if r.Tags == nil {
		r.Tags = make(map[string]string)
	}
	for name, text := range tags {
		r.Tags[name] = text
	}
}

// exceptions reads one exception, or those of a chain.
func (r *raven) exceptions(value string) {
	r.Exception = nil
	list := member(value, "values")
	if list == "" {
		list = "[" + value + "]"
	}
	for element := range elements(list) {
		if is(element, '{') && len(r.Exception) < maxVars {
			x := sentry.Exception{
				Type:   textOf(member(element, "type")),
				Value:  textOf(member(element, "value")),
				Module: textOf(member(element, "module")),
			}
			if stack := member(element, "stacktrace"); is(stack, '{') {
				x.Stacktrace = stackOf(stack)
			}
			r.Exception = append(r.Exception, x)
		}
	}
}

func (r *raven) user(value string) {
	u := sentry.User{}
	for name, text := range texts(value) {
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

func requestOf(value string) *sentry.Request {
	request := &sentry.Request{}
	for quoted, value := range members(value) {
		switch unquote(quoted) {
		case "url":
			request.URL = textOf(value)
		case "method":
			request.Method = textOf(value)
		case "query_string":
			request.QueryString = textOf(value)
		case "data":
			request.Data = textOf(value)
		case "cookies":
			request.Cookies = textOf(value)
		case "headers":
			request.Headers = texts(value)
		case "env":
			request.Env = texts(value)
		}
	}
	return request
}

// stackOf reads a stack, and of one that is too deep its ends.
func stackOf(value string) *sentry.Stacktrace {
	list := member(value, "frames")
	n := 0
	for range elements(list) {
		n++
	}
	s := &sentry.Stacktrace{}
	i := -1
	for element := range elements(list) {
		if i++; is(element, '{') && (n <= maxFrames || i < outermost || i >= n-(maxFrames-outermost)) {
			s.Frames = append(s.Frames, frameOf(element))
		}
	}
	return s
}

func frameOf(value string) sentry.Frame { //nolint:gocyclo // one case a member
	f := sentry.Frame{InApp: true}
	for quoted, value := range members(value) {
		switch unquote(quoted) {
		case "function":
			f.Function = textOf(value)
		case "module":
			f.Module = textOf(value)
		case "filename":
			f.Filename = textOf(value)
		case "abs_path":
			f.AbsPath = textOf(value)
		case "lineno":
			f.Lineno = number(value)
		case "colno":
			f.Colno = number(value)
		case "context_line":
			f.ContextLine = textOf(value)
		case "pre_context":
			f.PreContext = lines(value)
		case "post_context":
			f.PostContext = lines(value)
		case "in_app":
			f.InApp = value != "false"
		case "vars":
			f.Vars = values(value)
		}
	}
	return f
}

func lines(value string) (lines []string) {
	for element := range elements(value) {
		if len(lines) < maxVars {
			lines = append(lines, textOf(element))
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
func texts(value string) map[string]string {
	out := make(map[string]string)
	for quoted, value := range members(value) {
		if text := textOf(value); text != "" && len(out) < maxVars {
			out[unquote(quoted)] = text
		}
	}
	for pair := range elements(value) {
		var both []string
		for element := range elements(pair) {
			if len(both) < 3 {
				both = append(both, textOf(element))
			}
		}
		if len(both) == 2 && both[0] != "" && both[1] != "" && len(out) < maxVars {
			out[both[0]] = both[1]
		}
	}
	return out
}

// values returns an object's members, or the value by the name "value". Of too many it says how many there are.
func values(value string) map[string]any {
	if value == "null" {
		return nil
	}
	out := make(map[string]any)
	if !is(value, '{') {
		out["value"] = json.RawMessage(value)
		return out
	}
	more := 0
	for quoted, value := range members(value) {
		if len(out) < maxVars {
			out[unquote(quoted)] = json.RawMessage(value)
		} else {
			more++
		}
	}
	if more > 0 {
		out[moreValues] = strconv.Itoa(more) + " more"
	}
	return out
}
