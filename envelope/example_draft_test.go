package envelope_test

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

var noon = time.Date(2012, 7, 18, 12, 0, 0, 0, time.UTC)

func ExampleDraft_Seal() {
	m, err := envelope.Draft{
		Timestamp: noon,
		Logger:    "shop",
		Type:      "order",
		Severity:  envelope.Notice,
		Payload:   "two books",
		Fields:    []slog.Attr{slog.Int("total", 42), slog.Group("customer", "country", "NZ")},
	}.Seal()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.JSON())
	country, _ := m.Field("customer", "country")
	fmt.Println(m.Type(), m.Severity(), country)
	// Output:
	// {"type":"order","timestamp":"2012-07-18T12:00:00.000000Z","logger":"shop","severity":5,"payload":"two books","fields":{"total":42,"customer":{"country":"NZ"}},"env_version":"0.8"}
	// order Notice NZ
}

// Messages do not change. What comes out of With is another one.
func ExampleMessage_With() {
	m, err := envelope.Parse([]byte(`{"type": "timer", "payload": "38", "fields": {"name": "db", "rate": 1.0}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	tagged, err := m.With(slog.String("name", "db.read"), slog.String("region", "eu"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tagged.JSON())
	// Output: {"type": "timer", "payload": "38", "fields": {"name": "db.read", "rate": 1.0,"region":"eu"}}
}

// Redaction: what is removed is gone from the text, wherever it stood at that path.
func ExampleMessage_Without() {
	m, err := envelope.Parse([]byte(`{"type": "login", "fields": {"user": {"name": "jo", "password": "x", "password": "y"}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	clean, _ := m.Without("user", "password")
	fmt.Println(clean.JSON())
	// Output: {"type": "login", "fields": {"user": {"name": "jo"}}}
}

// A few messages that are kept keep all of the frame they were cut from. Their clones keep only themselves.
func ExampleCloneAll() {
	frame := `{"type":"a"}` + "\n" + `{"type":"b"}` + "\n" + `{"type":"c"}`
	const buffer = 1 << 20 // what the frame is part of
	batch, err := new(envelope.Parser).AppendParse(nil, frame, buffer, envelope.Meta{})
	if err != nil {
		fmt.Println(err)
		return
	}
	kept := envelope.CloneAll(nil, batch[1:])
	fmt.Println(len(kept), kept[0].JSON(), batch[1].SlabBytes(), kept[0].SlabBytes())
	// Output: 2 {"type":"b"} 1048576 1024
}

// Many messages go into one slab, and no message costs an allocation.
func ExampleEncoder() {
	enc := envelope.NewEncoder("shop", 4711, "web1")
	slab := make([]byte, 0, 64<<10)
	batch := make([]envelope.Message, 2)
	slab = enc.Append(slab, &batch[0], noon, envelope.Info, "order", "paid", []slog.Attr{slog.Int("total", 42)})

	// Names that are the same every time are encoded once.
	login := envelope.NewShape("login", "user", "ok")
	slab, err := enc.AppendShape(slab, &batch[1], noon, envelope.Warning, login, "", []slog.Value{slog.StringValue("jo"), slog.BoolValue(false)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range batch {
		fmt.Println(batch[i].JSON())
	}
	fmt.Println(len(slab) == len(batch[0].JSON())+len(batch[1].JSON()))
	// Output:
	// {"type":"order","timestamp":"2012-07-18T12:00:00.000000Z","logger":"shop","severity":6,"payload":"paid","fields":{"total":42},"env_version":"0.8","metlog_pid":4711,"metlog_hostname":"web1"}
	// {"type":"login","timestamp":"2012-07-18T12:00:00.000000Z","logger":"shop","severity":4,"payload":"","fields":{"user":"jo","ok":false},"env_version":"0.8","metlog_pid":4711,"metlog_hostname":"web1"}
	// true
}
