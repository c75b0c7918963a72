// Package sentrysink sends exceptions, and whatever else is routed to it, to Sentry or a server that speaks its protocol.
//
//	errors, err := sentrysink.New("https://0123456789abcdef@sentry.example.com/7", nil)
//
// A message of type sentry holds an event. If that is JSON, as this module's clients and today's SDKs write it, it is sent
// as it stands, but for what a server would choke on. If it is base64 of zlib, as clients of 2012 sent it, it is translated
// to today's schema, member by member, with the local variables of Python's frames. A message of any other type becomes an
// event with its payload as the message, its severity as the level and its fields as the context "metlog".
//
// # What done means
//
// Send returns nil when the server has answered 2xx to each event. Every event is an envelope and a request of its own,
// several at a time. Its event_id is its own if it has one, 32 hexadecimal digits with or without dashes, else the
// message's Meta.ID, so that an event sent twice is stored once.
//
// Some servers answer 2xx and then drop an event that breaks their schema. So what is no time, no level, no text where
// there must be one, null where there must be an object, half a surrogate pair, a NUL or a number beyond a float64 is
// mended or left out on the way.
//
// # What is lost, and when
//
// Nothing is held here: what Send returns an error for is still the caller's. An event that is larger than MaxEvent, or
// than the server takes (413), loses variables, then contexts (of which a message's fields are one), extra data and
// breadcrumbs, then source lines and frames; if it is too large still, it is refused. Of an event of the old schema no more
// than 250 frames of a stack are translated, the outermost 50 and the innermost 200, 200 variables of a frame, 200 of other
// things, and 50,000 of all of them; of a message that is no event, 200 fields. Beyond 200 variables or fields, one by the
// name "…" says "N more". What has lost anything has a tag metlog.cut that says what: "variables", "fields" or "frames", of
// several the last. What a server drops after it has acknowledged it, by its own filters and quotas, nobody is told.
//
// These errors are permanent, so a queue gives such messages to its dead letter: a payload that is no event or inflates
// beyond MaxInflated ([*EventError]); a DSN in the message that is not allowed ([*DSNError]); an answer of 4xx
// ([*AnswerError]), but for these:
//
//	429, 503           RetryAfter, as the server says in Retry-After or, for errors or all categories, X-Sentry-Rate-Limits,
//	                   at most an hour; 1 minute for a 429 that says nothing. After a 429 nothing is sent there meanwhile.
//	401, 403, 404, 405,
//	407, 3xx           the configuration is wrong, not the event: RetryAfter 1 minute, so that it can be mended and nothing is
//	                   lost. If the message named the DSN, permanent. Redirects are never followed.
//	408, 425, 5xx,
//	no answer          may be sent again
//
// # Capacity
//
// Requests events are under way at once, over connections that are kept. One takes up to Timeout, then fails; the rest of
// the batch for a server that does not answer fails with it, unsent. The events for other servers may wait as long: a
// server that is not to hold up others has a sink of its own. Put a [sink.Queue] before each.
//
// An event being written takes a few times its size, at most MaxInflated and MaxEvent, in memory; one of the old schema, if
// it is made to that end, up to thirty times.
//
// # Security
//
// What a message says never chooses where it is sent, unless the operator lets it: fields.dsn is not looked at without
// Options.Allow or Options.ByDSN, and with them a DSN that is on neither list is refused. Hosts are compared as they are
// written, with their ports, before anything is looked up. Proxies that the environment names are not used.
//
// In events of old clients and in messages that are no events, values whose names say that they are secret, and passwords
// and such parameters in URLs, are replaced by "[redacted]"; a secret in a line of source or in a longer text, such as
// Python's of an object, is not found. Clients of today do that themselves; see source/metlog. Keys stand in no error and
// in no account.
package sentrysink
