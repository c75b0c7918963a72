package envelope

import (
	"errors"
	"strings"
	"testing"
)

// variants is every shape in which envelopes arrive, and what is no envelope. want is the JSON of what is read: "=" for
// the frame as it came, blanks around it left out. What follows in a row is the error, if any.
var variants = []struct {
	name   string
	frame  string
	want   []string
	reason Reason
	start  int
	offset int
}{
	// Clients, releases and orders.
	{name: "node", frame: nodeText, want: as("=")},
	{name: "node, newline at the end", frame: nodeText + "\n", want: as("=")},
	{name: "python 0.9", frame: pythonText, want: as("=")},
	{name: "python without spaces", frame: strings.ReplaceAll(strings.ReplaceAll(pythonText, ", ", ","), ": ", ":"), want: as("=")},
	{name: "python 0.8, seven members", frame: `{"severity": 6, "timestamp": "2012-03-01T08:00:00.000417", "fields": {"name": "hits"}, "logger": "shop", "type": "counter", "payload": "1", "env_version": "0.8"}`, want: as("=")},
	{name: "python of May 2012, pid and host in fields", frame: `{"severity": 6, "timestamp": "2012-05-16T08:00:00", "fields": {"metlog_pid": 411, "metlog_hostname": "web3"}, "logger": "shop", "type": "x", "payload": "", "env_version": "0.8"}`, want: as("=")},
	{name: "node before October 2012, seven members", frame: `{"type":"x","timestamp":"2012-10-01T08:00:00Z","logger":"","severity":6,"payload":"","fields":{},"env_version":"0.8"}`, want: as("=")},
	{name: "heka's aliases", frame: `{"severity": 6, "heka_pid": 411, "fields": {}, "heka_hostname": "web3", "timestamp": "2013-03-01T08:00:00.000001Z", "logger": "shop", "type": "x", "payload": "", "env_version": "0.8"}`, want: as("=")},
	{name: "prototype, one part", frame: `{"type":"x","timestamp":"2011-10-12T08:00:00","logger":"shop","severity":6,"message":"38","metadata":{"name":"a"},"env_version":"0.8"}`, want: as("=")},
	{name: "prototype, first of two parts", frame: `{"type":"x","logger":"shop","metadata":{}}`, want: as("=")},
	{name: "any order", frame: `{"env_version":"0.8","fields":{"b":[{},[]]},"type":"x","logger":"l"}`, want: as("=")},
	{name: "one member", frame: `{"type":"x"}`, want: as("=")},
	{name: "no type, as Node sends undefined", frame: `{"payload":"x"}`, want: as("=")},
	{name: "escaped name", frame: `{"t\u0079pe":"x"}`, want: as("=")},
	{name: "unknown members", frame: `{"@tags":["a"],"type":"x","Type":"y","message":"m","payload":"p","uuid":{"a":null}}`, want: as("=")},
	{name: "unknown member twice", frame: `{"type":"x","a":1,"a":2}`, want: as("=")},
	{name: "name twice in fields", frame: `{"type":"x","fields":{"a":1,"a":2}}`, want: as("=")},
	{name: "many spaces", frame: `{  "type"  :  "x"  ,  "fields"  :  {  "a"  :  [  1  ,  2  ]  ,  "b" : { } , "c" : [ ] }  }`, want: as("=")},

	// Members of odd types.
	{name: "severity as text and float", frame: `{"severity":"4"}{"severity":6.0}{"severity":"6.0"}{"severity":-1}{"severity":null}`, want: as(`{"severity":"4"}`, `{"severity":6.0}`, `{"severity":"6.0"}`, `{"severity":-1}`, `{"severity":null}`)},
	{name: "payload of every kind", frame: `{"payload":11415552}{"payload":0.12}{"payload":null}{"payload":true}{"payload":{"k": [1]}}{"payload":["a", 1]}`, want: as(`{"payload":11415552}`, `{"payload":0.12}`, `{"payload":null}`, `{"payload":true}`, `{"payload":{"k": [1]}}`, `{"payload":["a", 1]}`)},
	{name: "fields of every kind", frame: `{"fields":null}{"fields":[1,2]}{"fields":"oops"}{"fields":1}`, want: as(`{"fields":null}`, `{"fields":[1,2]}`, `{"fields":"oops"}`, `{"fields":1}`)},
	{name: "timestamp of every kind", frame: `{"timestamp":0}{"timestamp":false}{"timestamp":"yesterday"}`, want: as(`{"timestamp":0}`, `{"timestamp":false}`, `{"timestamp":"yesterday"}`)},
	{name: "type of every kind", frame: `{"type":null}{"type":7}{"type":""}`, want: as(`{"type":null}`, `{"type":7}`, `{"type":""}`)},
	{name: "version as number, pid as text", frame: `{"env_version":0.8,"metlog_pid":"411"}`, want: as("=")},
	{name: "numbers beyond 64 bits", frame: `{"payload":18446744073709551617,"fields":{"a":1e400,"b":-0.0,"c":5e-324,"d":1E+22}}`, want: as("=")},

	// Text.
	{name: "escapes", frame: `{"type":"\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00"}`, want: as("=")},
	{name: "lone surrogates", frame: `{"type":"x\ud800y","fields":{"\udfff":1}}`, want: as("=")},
	{name: "UTF-8", frame: "{\"type\":\"caf\u00e9 \u4e2d \U0001F600 \u2028\u007f\u0080\ufeff\"}", want: as("=")},

	// Rewritten.
	{name: "indented", frame: "{\n    \"type\": \"x\",\r\n\t\"fields\": {\n        \"a\": [\n            1,\n            2\n        ],\n        \"b\": {}\n    }\n}\n", want: as(`{"type": "x","fields": {"a": [1,2],"b": {}}}`)},
	{name: "tab between tokens", frame: "{\"type\":\t\"x\", \"fields\":{}}", want: as(`{"type":"x", "fields":{}}`)},
	{name: "newline in fields only", frame: "{\"type\":\"x\",\"fields\":{\"a\":1,\n\"b\":2}}", want: as(`{"type":"x","fields":{"a":1,"b":2}}`)},
	{name: "newline in an empty object", frame: "{\"type\":\"x\",\"fields\":{\n},\"payload\":[ \r ]}", want: as(`{"type":"x","fields":{},"payload":[]}`)},
	{name: "NaN and infinities", frame: `{"type": "n", "fields": {"nan": NaN, "inf": Infinity, "list": [-Infinity, NaN]}, "payload": NaN}`, want: as(`{"type": "n", "fields": {"nan": null, "inf": null, "list": [null, null]}, "payload": null}`)},
	{name: "NaN in a string stays", frame: `{"type":"NaN","payload":"Infinity"}`, want: as("=")},
	{name: "invalid UTF-8", frame: "{\"type\":\"a\xffb\xc3\",\"fields\":{\"\xed\xa0\x80\":1}}", want: as("{\"type\":\"a\uFFFDb\uFFFD\",\"fields\":{\"\uFFFD\uFFFD\uFFFD\":1}}")},
	{name: "overlong UTF-8", frame: "{\"type\":\"\xc0\xaf\xf8\"}", want: as("{\"type\":\"\uFFFD\uFFFD\uFFFD\"}")},

	// Several in a frame.
	{name: "concatenated", frame: `{"type":"a"}{"type":"b"}`, want: as(`{"type":"a"}`, `{"type":"b"}`)},
	{name: "a line each", frame: "{\"type\":\"a\"}\n{\"type\":\"b\"}\r\n\n {\"type\":\"c\"}\n", want: as(`{"type":"a"}`, `{"type":"b"}`, `{"type":"c"}`)},
	{name: "indented, then compact", frame: "{\n \"type\": \"a\"\n}\n{\"type\":\"b\"}", want: as(`{"type": "a"}`, `{"type":"b"}`)},
	{name: "second one is bad", frame: "{\"type\":\"a\"}\n{\"type\":b}\n{\"type\":\"c\"}", want: as(`{"type":"a"}`), reason: ReasonToken, start: 13, offset: 21},
	{name: "something follows", frame: `{"type":"a"} x`, want: as(`{"type":"a"}`), reason: ReasonNotObject, start: 13, offset: 13},
	{name: "array of envelopes", frame: `[{"type":"a"},{"type":"b"}]`, reason: ReasonNotObject},
	{name: "comma between", frame: `{"type":"a"},{"type":"b"}`, want: as(`{"type":"a"}`), reason: ReasonNotObject, start: 12, offset: 12},

	// Not this JSON.
	{name: "empty", frame: "", reason: ReasonEmpty},
	{name: "blank", frame: " \r\n\t", reason: ReasonEmpty, start: 4, offset: 4},
	{name: "number", frame: "12", reason: ReasonNotObject},
	{name: "string", frame: `"text"`, reason: ReasonNotObject},
	{name: "null", frame: "null", reason: ReasonNotObject},
	{name: "array of pairs", frame: `[["type","x"]]`, reason: ReasonNotObject},
	{name: "plain text", frame: "payment gateway refused card", reason: ReasonNotObject},
	{name: "MessagePack", frame: "\x89\xa4type\xa1x", reason: ReasonNotObject},
	{name: "metlog-router's header", frame: "\x00json::{\"type\":\"x\"}", reason: ReasonNotObject},
	{name: "metlog-router's other header", frame: "\x00msgpack::\x81\xa4type\xa1x", reason: ReasonNotObject},
	{name: "protobuf of heka", frame: "\x1e\x02\x08\x0a\x1f\x0a\x10", reason: ReasonNotObject},
	{name: "UTF-8 byte order mark", frame: "\uFEFF{\"type\":\"x\"}", reason: ReasonNotObject},
	{name: "UTF-16 with byte order mark", frame: "\xff\xfe{\x00\"\x00", reason: ReasonNotObject},
	{name: "UTF-16, little end first", frame: "{\x00\"\x00t\x00", reason: ReasonToken, offset: 1},
	{name: "UTF-16, big end first", frame: "\x00{\x00\"\x00t", reason: ReasonNotObject},
	{name: "comment before", frame: `/* c */{"type":"x"}`, reason: ReasonNotObject},
	{name: "comment within", frame: `{"type":"x"/* c */}`, reason: ReasonToken, offset: 11},
	{name: "prototype, second of two parts", frame: `38`, reason: ReasonNotObject},
	{name: "empty object", frame: "{}", reason: ReasonNoMember, offset: 2},
	{name: "empty object with blanks", frame: "{ \n }", reason: ReasonNoMember, offset: 5},
	{name: "MozLog 2.0", frame: `{"Timestamp":1,"Type":"x","Logger":"l","Fields":{},"EnvVersion":"2.0"}`, reason: ReasonNoMember, offset: 70},
	{name: "logstash event", frame: `{"@fields":{"type":"x"},"@message":""}`, reason: ReasonNoMember, offset: 38},

	// Members that stand twice.
	{name: "type twice", frame: `{"type":"a","type":"b"}`, reason: ReasonDuplicate, offset: 23},
	{name: "type twice, escaped", frame: `{"type":"a","\u0074ype":"b"} `, reason: ReasonDuplicate, offset: 28},
	{name: "alias and name", frame: `{"metlog_pid":1,"heka_pid":1}`, reason: ReasonDuplicate, offset: 29},
	{name: "alias twice", frame: `{"heka_hostname":"a","heka_hostname":"a"}`, reason: ReasonDuplicate, offset: 41},
	{name: "fields twice, indented", frame: "{\"fields\":{},\n\"fields\":{}}", reason: ReasonDuplicate, offset: 26},

	// Cut short.
	{name: "brace", frame: `{`, reason: ReasonTruncated, offset: 1},
	{name: "brace and space", frame: `{ `, reason: ReasonTruncated, offset: 2},
	{name: "cut in a name", frame: `{"typ`, reason: ReasonTruncated, offset: 5},
	{name: "cut after a name", frame: `{"type"`, reason: ReasonTruncated, offset: 7},
	{name: "cut after a colon", frame: `{"type":`, reason: ReasonTruncated, offset: 8},
	{name: "cut in a string", frame: `{"type":"x`, reason: ReasonTruncated, offset: 10},
	{name: "cut in an escape", frame: `{"type":"x\u00`, reason: ReasonTruncated, offset: 14},
	{name: "cut after a backslash", frame: `{"type":"x\`, reason: ReasonTruncated, offset: 11},
	{name: "cut in a rune", frame: "{\"type\":\"\xf0\x9f", reason: ReasonTruncated, offset: 11},
	{name: "cut in a literal", frame: `{"type":fal`, reason: ReasonTruncated, offset: 11},
	{name: "cut in NaN", frame: `{"type":Na`, reason: ReasonTruncated, offset: 10},
	{name: "cut in -Infinity", frame: `{"type":-Inf`, reason: ReasonTruncated, offset: 12},
	{name: "cut in a number", frame: `{"type":-`, reason: ReasonTruncated, offset: 9},
	{name: "cut after a number", frame: `{"severity":6`, reason: ReasonTruncated, offset: 13},
	{name: "cut after a comma", frame: `{"type":"x",`, reason: ReasonTruncated, offset: 12},
	{name: "cut in fields", frame: `{"fields":{"a":[1,`, reason: ReasonTruncated, offset: 18},
	{name: "60,000 bytes of a longer datagram", frame: `{"payload":"` + strings.Repeat("x", 59988), reason: ReasonTruncated, offset: 60000},

	// Malformed.
	{name: "no quotes", frame: `{type:"x"}`, reason: ReasonToken, offset: 1},
	{name: "single quotes", frame: `{'type':'x'}`, reason: ReasonToken, offset: 1},
	{name: "no colon", frame: `{"type" "x"}`, reason: ReasonToken, offset: 8},
	{name: "no comma", frame: `{"type":"x" "payload":""}`, reason: ReasonToken, offset: 12},
	{name: "comma at the end", frame: `{"type":"x",}`, reason: ReasonToken, offset: 12},
	{name: "comma at the end of fields", frame: `{"fields":{"a":1,}}`, reason: ReasonToken, offset: 17},
	{name: "comma at the end of an array", frame: `{"fields":[1,]}`, reason: ReasonToken, offset: 13},
	{name: "comma at the beginning", frame: `{,"type":"x"}`, reason: ReasonToken, offset: 1},
	{name: "array closed as object", frame: `{"fields":[1}}`, reason: ReasonToken, offset: 12},
	{name: "object closed as array", frame: `{"fields":{"a":1]}`, reason: ReasonToken, offset: 16},
	{name: "name in an array", frame: `{"fields":["a":1]}`, reason: ReasonToken, offset: 14},
	{name: "value without name", frame: `{"fields":{1}}`, reason: ReasonToken, offset: 11},
	{name: "capital literal", frame: `{"type":True}`, reason: ReasonToken, offset: 8},
	{name: "nan", frame: `{"type":nan}`, reason: ReasonToken, offset: 8},
	{name: "plus", frame: `{"severity":+6}`, reason: ReasonToken, offset: 12},
	{name: "leading zero", frame: `{"severity":06}`, reason: ReasonNumber, offset: 12},
	{name: "no digit after the point", frame: `{"fields":[1.]}`, reason: ReasonNumber, offset: 11},
	{name: "no digit before the point", frame: `{"fields":[.5]}`, reason: ReasonToken, offset: 11},
	{name: "no exponent", frame: `{"fields":[1e]}`, reason: ReasonNumber, offset: 11},
	{name: "minus only", frame: `{"fields":[-]}`, reason: ReasonNumber, offset: 11},
	{name: "minus NaN", frame: `{"fields":[-NaN]}`, reason: ReasonNumber, offset: 11},
	{name: "hexadecimal", frame: `{"fields":[0x10]}`, reason: ReasonToken, offset: 12},
	{name: "unknown escape", frame: `{"type":"a\qb"}`, reason: ReasonEscape, offset: 10},
	{name: "short escape", frame: `{"type":"a\u12"}`, reason: ReasonEscape, offset: 10},
	{name: "newline in a string", frame: "{\"type\":\"a\nb\"}", reason: ReasonControl, offset: 10},
	{name: "tab in a string", frame: "{\"type\":\"a\tb\"}", reason: ReasonControl, offset: 10},
	{name: "NUL in a name", frame: "{\"ty\x00pe\":1}", reason: ReasonControl, offset: 4},
	{name: "NUL between tokens", frame: "{\"type\":1\x00}", reason: ReasonToken, offset: 9},
	{name: "form feed between tokens", frame: "{\f\"type\":1}", reason: ReasonToken, offset: 1},
	{name: "no-break space between tokens", frame: "{\u00a0\"type\":1}", reason: ReasonToken, offset: 1},
	{name: "invalid UTF-8 between tokens", frame: "{\xff\"type\":1}", reason: ReasonToken, offset: 1},

	// Depth and size.
	{name: "64 levels", frame: `{"fields":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, want: as("=")},
	{name: "64 levels, mixed, indented", frame: "{\n\"fields\":" + strings.Repeat(`[{"a":`, 31) + "[]" + strings.Repeat(`}]`, 31) + `}`, want: as(`{"fields":` + strings.Repeat(`[{"a":`, 31) + "[]" + strings.Repeat(`}]`, 31) + `}`)},
	{name: "65 levels", frame: `{"fields":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, reason: ReasonTooDeep, offset: 73},
	{name: "100,000 levels", frame: `{"fields":` + strings.Repeat(`{"a":`, 100000), reason: ReasonTooDeep, offset: 325},
	{name: "1 MiB", frame: sized(1 << 20), want: as("=")},
	{name: "1 MiB and a byte", frame: sized(1<<20 + 1), reason: ReasonTooLarge, offset: 1 << 20},
	{name: "2 MiB, after a small one", frame: `{"type":"x"}` + sized(2<<20), want: as(`{"type":"x"}`), reason: ReasonTooLarge, start: 12, offset: 12 + 1<<20},
	{name: "1 MiB when rewritten", frame: "{\"payload\":\"" + strings.Repeat("\xff", 349520) + "\"}", want: as("{\"payload\":\"" + strings.Repeat("\uFFFD", 349520) + "\"}")},
	{name: "more than 1 MiB when rewritten", frame: "{\"payload\":\"" + strings.Repeat("\xff", 349520) + "xxxx\"}", reason: ReasonTooLarge, offset: 349538},
}

const (
	nodeText   = `{"type":"counter","timestamp":"2013-03-01T08:00:01Z","logger":"shop-node","severity":6,"payload":"-2","fields":{"name":"stock.held","rate":0.25,"in":{"a":[1,{"b":null}]}},"env_version":"0.8","metlog_pid":907,"metlog_hostname":"n1"}`
	pythonText = `{"severity": 6, "timestamp": "2012-07-18T21:13:25.687518", "metlog_hostname": "web3", "fields": {"rate": 1.0, "name": "shop.cart", "in": {"a": [1, {"b": null}]}}, "metlog_pid": 411, "logger": "shop", "type": "timer", "payload": "38", "env_version": "0.8"}`
)

func as(texts ...string) []string { return texts }

// sized returns an envelope of so many bytes.
func sized(bytes int) string {
	const head, tail = `{"type":"x","payload":"`, `"}`
	return head + strings.Repeat("x", bytes-len(head)-len(tail)) + tail
}

func TestVariants(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			batch, err := new(Parser).AppendParse(nil, v.frame, len(v.frame), Meta{})
			var got SyntaxError
			if syntax := (*SyntaxError)(nil); errors.As(err, &syntax) {
				got = *syntax
			}
			if want := (SyntaxError{v.offset, v.start, v.reason}); got != want || (err == nil) != (v.reason == "") {
				t.Fatalf("error %+v (%v), want %+v", got, err, want)
			}
			if len(batch) != len(v.want) {
				t.Fatalf("%d messages, want %d", len(batch), len(v.want))
			}
			for i := range batch {
				want := v.want[i]
				if want == "=" {
					want = strings.TrimRight(v.frame, " \r\n\t")
				}
				if batch[i].JSON() != want {
					t.Errorf("JSON() = %.1000s\nwant %.1000s", batch[i].JSON(), want)
				}
				checkMessage(t, &batch[i])
			}
			checkParse(t, v.frame, v.want, err)
		})
	}
}

// checkParse holds Parse to what AppendParse made of the same bytes: the same, but for a second envelope.
func checkParse(t *testing.T, frame string, want []string, err error) {
	t.Helper()
	m, parseErr := Parse([]byte(frame))
	switch {
	case len(want) > 0 && (len(want) > 1 || err != nil):
		if reasonOf(parseErr) != ReasonTrailing {
			t.Errorf("Parse of more than one: %v", parseErr)
		}
	case reasonOf(parseErr) != reasonOf(err):
		t.Errorf("Parse: %v, AppendParse: %v", parseErr, err)
	case err != nil && m != Message{}:
		t.Errorf("half a message: %+v", m)
	}
}
