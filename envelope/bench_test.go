package envelope

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchTexts are envelopes of about 300 bytes, by the order and separators of who sends them.
func benchTexts() map[string]string {
	const text = `{"type":"wsgi","timestamp":"2012-07-18T21:13:25.687518","logger":"","severity":6,"payload":"","fields":{"headers":{"path":"/1.0/11224/apps/","host":"shop5.web.example.com:443","User-Agent":"Mozilla/5.0"},"threadlocal":{}},"env_version":"0.8","metlog_pid":26482,"metlog_hostname":"web1.example.com"}`
	members := map[string]string{}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		panic(err)
	}
	for name, value := range raw {
		members[name] = `"` + name + `":` + string(value)
	}
	join := func(order string, spaced bool) string {
		var list []string
		for name := range strings.FieldsSeq(order) {
			list = append(list, members[name])
		}
		out := "{" + strings.Join(list, ",") + "}"
		if spaced {
			out = strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(out)
		}
		return out
	}
	const python = "severity timestamp metlog_hostname fields metlog_pid logger type payload env_version"
	return map[string]string{
		"node": text, "python": join(python, true), "python compact": join(python, false),
		"shuffled": join("fields env_version metlog_hostname type severity metlog_pid payload timestamp logger", false),
	}
}

func BenchmarkAppendParse(b *testing.B) {
	for _, order := range []string{"node", "python", "python compact", "shuffled"} {
		text := benchTexts()[order]
		b.Run("metlog/"+order, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var p Parser
			batch := make([]Message, 0, 1)
			for b.Loop() {
				var err error
				if batch, err = p.AppendParse(batch[:0], text, len(text), Meta{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("encoding-json/"+order, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			raw := []byte(text)
			for b.Loop() {
				var e struct {
					Type       string          `json:"type"`
					Timestamp  string          `json:"timestamp"`
					Logger     string          `json:"logger"`
					Severity   int             `json:"severity"`
					Payload    string          `json:"payload"`
					Fields     json.RawMessage `json:"fields"`
					EnvVersion string          `json:"env_version"`
					PID        int             `json:"metlog_pid"`
					Hostname   string          `json:"metlog_hostname"`
				}
				if err := json.Unmarshal(raw, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("metlog/every order", func(b *testing.B) {
		texts := shuffles(benchTexts()["node"], 512)
		b.ReportAllocs()
		var p Parser
		batch := make([]Message, 0, 1)
		for i := 0; b.Loop(); i++ {
			var err error
			if batch, err = p.AppendParse(batch[:0], texts[i%len(texts)], 0, Meta{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// shuffles returns n envelopes with the members of text in orders of their own.
func shuffles(text string, n int) (texts []string) {
	m, err := Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		var list []string
		for _, member := range random.Perm(memberCount) {
			list = append(list, `"`+memberNames[member]+`":`+m.raw(member))
		}
		texts = append(texts, "{"+strings.Join(list, ",")+"}")
	}
	return texts
}

func BenchmarkField(b *testing.B) {
	m, err := Parse([]byte(benchTexts()["node"]))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.Field("headers", "host"); !ok {
			b.Fatal("no host")
		}
	}
}
