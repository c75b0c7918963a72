package envelope_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A client of 2012 sent this: the members in Python's order, no time zone, a number as payload.
const fromPython = `{"severity": 6, "timestamp": "2012-08-11T00:00:05.250000", "metlog_hostname": "web3", ` +
	`"fields": {"logger": "psutil.meminfo.web3.411", "rate": "1", "name": "rss"}, ` +
	`"metlog_pid": 411, "logger": "shop", "type": "procinfo", "payload": 11415552, "env_version": "0.8"}`

func ExampleParse() {
	m, err := envelope.Parse([]byte(fromPython))
	if err != nil {
		fmt.Println(err)
		return
	}
	at, _ := m.Timestamp()
	fmt.Println(m.Type(), m.Logger(), m.Severity(), m.Payload())
	fmt.Println(m.Hostname(), m.PID(), at.Format(time.RFC3339Nano))
	fmt.Println(m.JSON() == fromPython)
	// Output:
	// procinfo shop Info 11415552
	// web3 411 2012-08-11T00:00:05.25Z
	// true
}

func ExampleParse_error() {
	_, err := envelope.Parse([]byte(`{"type":"timer","payload":"38","fields":{"rate":01}}`))
	fmt.Println(err)
	if syntax := (*envelope.SyntaxError)(nil); errors.As(err, &syntax) {
		fmt.Println(syntax.Reason == envelope.ReasonNumber)
	}
	// Output:
	// envelope: malformed number at offset 48
	// true
}

func ExampleMessage_Field() {
	m, err := envelope.Parse([]byte(`{"type":"wsgi","fields":{"headers":{"host":"shop.test:443"},"codes":[200,304]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	host, _ := m.Field("headers", "host")
	code, _ := m.Field("codes", "1")
	_, found := m.Field("headers", "path")
	fmt.Println(host.String(), code.JSON(), found)
	// Output: shop.test:443 304 false
}

func ExampleMessage_Member() {
	m, err := envelope.Parse([]byte(`{"type":"timer","payload":12.5,"uuid":"b1946ac9"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, _ := m.Member("payload")
	uuid, _ := m.Member("uuid") // no member of the envelope, but there
	fmt.Println(payload.Kind() == envelope.Number, uuid.String())
	// Output: true b1946ac9
}

func ExampleParser_AppendParse() {
	// What a client wrote to a file: one envelope indented, one on a line of its own.
	frame := "{\n    \"type\": \"counter\",\n    \"payload\": \"1\"\n}\n" + `{"type":"timer","payload":NaN}`
	var parser envelope.Parser
	batch, err := parser.AppendParse(nil, frame, len(frame), envelope.Meta{Received: time.Now(), Origin: "file:///var/log/shop.json"})
	for i := range batch {
		fmt.Println(batch[i].JSON())
	}
	fmt.Println(err)
	// Output:
	// {"type": "counter","payload": "1"}
	// {"type":"timer","payload":null}
	// <nil>
}

// After an error a source goes on behind the next newline: what was read before is in the batch.
func ExampleParser_AppendParse_error() {
	frame := `{"type":"a"}` + "\n" + `{"type":"b"` + "\n" + `{"type":"c"}`
	batch, err := new(envelope.Parser).AppendParse(nil, frame, len(frame), envelope.Meta{})
	fmt.Println(len(batch), err)
	// Output: 1 envelope: unexpected character at offset 25
}

func ExampleParser_strict() {
	strict := envelope.Parser{Strict: true}
	_, err := strict.AppendParse(nil, fromPython, len(fromPython), envelope.Meta{})
	fmt.Println(err)
	// Output: envelope: strict: member of another type at offset 262
}

func ExampleValue() {
	m, err := envelope.Parse([]byte(`{"type":"x","fields":{"total":9007199254740993,"rate":1.0,"paid":true,"note":null}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"total", "rate", "paid", "note"} {
		v, _ := m.Field(name)
		n, whole := v.Int()
		yes, isBool := v.Bool()
		fmt.Println(v.JSON(), n, whole, yes, isBool)
	}
	// Output:
	// 9007199254740993 9007199254740993 true false false
	// 1.0 1 true false false
	// true 0 false true true
	// null 0 false false false
}
