package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/valyala/fastjson"

	"github.com/mozilla-services/metlog-go/envelope"
)

// parseSection: AppendParse of a 300-byte envelope, text to message, beside JSON decoders.
func parseSection(l *lab) error {
	lines, shuffled := make([]string, 1000), make([]string, 1000)
	raw := make([][]byte, 1000)
	for i := range lines {
		lines[i], shuffled[i] = corpusLine(i), shuffledLine(i)
		raw[i] = []byte(lines[i])
	}
	std := timed("encoding/json into struct + RawMessage", func(n int) {
		for i := range n {
			var m struct {
				Type, Timestamp, Logger, Payload string
				Severity                         int
				Fields                           json.RawMessage
			}
			must(json.Unmarshal(raw[i%1000], &m))
		}
	})
	v2 := timed("go-json-experiment/json into struct + raw", func(n int) {
		for i := range n {
			var m struct {
				Type      string         `json:"type"`
				Timestamp string         `json:"timestamp"`
				Logger    string         `json:"logger"`
				Payload   string         `json:"payload"`
				Severity  int            `json:"severity"`
				Fields    jsontext.Value `json:"fields"`
			}
			must(jsonv2.Unmarshal(raw[i%1000], &m))
		}
	})
	fast := timed("fastjson, parser reused", func(n int) {
		var p fastjson.Parser
		for i := range n {
			_, err := p.ParseBytes(raw[i%1000])
			must(err)
		}
	})
	simd := contender{"simdjson (C++), DOM", func(n int) (float64, error) {
		out, err := exec.Command(l.path("simdjson"), l.corpus, strconv.Itoa(max(1, n/1000))).Output()
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	}}
	return compare(l, 200_000,
		[]contender{appendParse("metlog AppendParse, clients' orders", lines), appendParse("metlog AppendParse, any order", shuffled), std, v2, fast, simd},
		[]goal{
			{name: "clients' orders / encoding/json", ours: 0, theirs: 2, atMost: 0.06},
			{name: "any order / encoding/json", ours: 1, theirs: 2, atMost: 0.09},
			{name: "clients' orders / simdjson", ours: 0, theirs: 5, atMost: 1.25},
			{name: "any order / simdjson", ours: 1, theirs: 5, atMost: 2},
		})
}

func appendParse(name string, lines []string) contender {
	return timed(name, func(n int) {
		var p envelope.Parser
		meta := envelope.Meta{ID: envelope.NewID()}
		var batch []envelope.Message
		var err error
		for i := range n {
			if len(batch) == 256 {
				batch = batch[:0]
			}
			batch, err = p.AppendParse(batch, lines[i%1000], len(lines[i%1000]), meta)
			must(err)
		}
	})
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprint("bench: ", err))
	}
}
