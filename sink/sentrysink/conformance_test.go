package sentrysink

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// key returns the id of the event that a message becomes.
func key(m *envelope.Message) string {
	var event struct {
		ID string `json:"event_id"`
	}
	if m.Type() == envelope.TypeException && json.Unmarshal([]byte(m.Payload()), &event) == nil && event.ID != "" {
		return event.ID
	}
	return m.Meta().ID.String()
}

func TestConformance(t *testing.T) {
	for _, test := range []struct {
		name    string
		message func(i int) envelope.Message
	}{
		{"messages", nil},
		{"events", func(int) envelope.Message {
			id := envelope.NewID().String()
			return exception(t, `{"event_id":"`+id+`","exception":{"values":[{"type":"error","value":"`+id+`"}]}}`)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var to *server
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sink.Sink {
					to = listen(t)
					s, err := New(to.dsn("7"), nil)
					if err != nil {
						t.Fatal(err)
					}
					return s
				},
				Received: func(testing.TB) (ids []string) {
					for _, event := range to.received() {
						var e struct {
							ID string `json:"event_id"`
						}
						_ = json.Unmarshal([]byte(event), &e)
						ids = append(ids, e.ID)
					}
					return ids
				},
				Key:     key,
				Message: test.message,
				Fail: func(_ testing.TB, failing bool) {
					if failing {
						to.answers(func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusInternalServerError) })
					} else {
						to.answers(nil)
					}
				},
				Stall: func(_ testing.TB, stalled bool) { to.stall(stalled) },
			})
		})
	}
}
