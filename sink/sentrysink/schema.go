package sentrysink

// A rule says what a value must be for a server to keep the event it stands in. Its kind tells what becomes of others.
type rule struct {
	kind   kind
	object *object // of asObject, asValues, asFrames: the members, by name
}

type kind uint8

const (
	asAny     kind = iota // anything
	asText                // a string; null and what is empty are left out, else its JSON as a string
	asURL                 // a string as of asText, with a query
	asForm                // a string of name=value pairs, or anything else
	asTexts               // an array of strings; left out if it is none
	asLines               // an array of strings, with an empty one for null
	asTextMap             // an object of strings; an array of pairs becomes one
	asNumber              // a whole number that is not negative
	asBool                // true or false
	asTime                // a date and time, or seconds since 1970
	asDate                // the event's own asTime
	asLevel               // one of Sentry's five, or Python's numbers
	asObject              // an object; left out if it is none or empty
	asList                // an array; left out if it is none
	asVars                // an object; anything else becomes the one value of one
	asMap                 // an object of objects; anything else in it becomes the one value of one
	asValues              // an array of objects, by itself or as an object's "values"; an object is one by itself
	asFrames              // an array of objects
	asMessage             // a string, or an object as logentry is
	asNothing             // left out
)

// An object's rules are for the members it knows. Others are anything but null.
type object struct {
	names map[string]int
	rules []rule
}

type named struct {
	name string
	rule rule
}

func objectOf(known ...named) *object {
	o := &object{names: make(map[string]int, len(known))}
	for i, n := range known {
		o.names[n.name] = i
		o.rules = append(o.rules, n.rule)
	}
	return o
}

func plain(k kind, names ...string) (out []named) {
	for _, name := range names {
		out = append(out, named{name, rule{kind: k}})
	}
	return out
}

func join(parts ...[]named) (out []named) {
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

const maxKnown = 40 // names that one object knows

// Sentry's schema, https://develop.sentry.dev/sdk/data-model/event-payloads/, where servers are strict about it.
var (
	frameObject = objectOf(join(
		plain(asText, "function", "raw_function", "symbol", "module", "package", "filename", "abs_path", "context_line", "platform"),
		plain(asNumber, "lineno", "colno"), plain(asLines, "pre_context", "post_context"), plain(asVars, "vars"),
		plain(asBool, "in_app", "stack_start"))...)
	stack        = rule{asObject, objectOf(named{"frames", rule{asFrames, frameObject}})}
	stacks       = []named{{"stacktrace", stack}, {"raw_stacktrace", stack}}
	valueObject  = objectOf(join(plain(asText, "type", "value", "module"), plain(asObject, "mechanism"), stacks)...)
	threadObject = objectOf(join(plain(asText, "name"), stacks)...)
	crumbObject  = objectOf(join(plain(asText, "type", "category", "message", "level"), plain(asTime, "timestamp"), plain(asVars, "data"))...)
	entryObject  = objectOf(plain(asText, "message", "formatted")...)
	eventObject  = objectOf(join(
		plain(asNothing, "event_id"),
		plain(asText, "platform", "logger", "server_name", "release", "dist", "environment", "transaction", "culprit", "type"),
		plain(asDate, "timestamp"), plain(asLevel, "level"), plain(asTextMap, "tags", "modules"), plain(asTexts, "fingerprint"),
		plain(asMap, "contexts"), plain(asVars, "extra"), plain(asObject, "_meta"), plain(asList, "errors"),
		[]named{
			{"message", rule{asMessage, entryObject}},
			{"logentry", rule{asMessage, entryObject}},
			{"sdk", rule{asObject, objectOf(plain(asText, "name", "version")...)}},
			{"user", rule{asObject, objectOf(plain(asText, "id", "email", "username", "ip_address", "name")...)}},
			{"request", rule{asObject, objectOf(join(plain(asText, "method"), plain(asURL, "url"), plain(asForm, "query_string", "data"))...)}},
			{"exception", rule{asValues, valueObject}},
			{"threads", rule{asValues, threadObject}},
			{"breadcrumbs", rule{asValues, crumbObject}},
			{"stacktrace", stack},
			{"debug_meta", rule{asObject, objectOf(plain(asList, "images")...)}},
		})...)
)
