package envelope

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A vector is bytes that an original client put on the wire.
type vector struct {
	Name   string
	Raw    []byte `json:"raw_b64"`
	RawGen *struct {
		Prefix string
		Repeat int `json:"repeat_x"`
		Suffix string
	} `json:"raw_gen"`
}

// vectors returns the golden vectors of one file, those that put nothing on the wire left out.
func vectors(t testing.TB, file string) (list []vector) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if g := v.RawGen; g != nil {
			v.Raw = []byte(g.Prefix + strings.Repeat("x", g.Repeat) + g.Suffix)
		}
		if len(v.Raw) > 0 {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s holds no vectors", file)
	}
	return list
}

// goldenFrames returns the frames of all clients by "client/file/name": datagrams, what went to files, and the bodies of
// ZeroMQ frames.
func goldenFrames(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*/*.jsonl")
	if err != nil || len(files) != 37 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	frames := map[string]string{}
	for _, file := range files {
		base := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/golden/"), ".jsonl")
		for _, v := range vectors(t, file) {
			name := base + "/" + v.Name
			if v.Raw[0] != 1 {
				frames[name] = string(v.Raw)
				continue
			}
			for i, body := range zmtp1(t, v.Raw) {
				frames[name+"/"+string(rune('0'+i))] = body
			}
		}
	}
	return frames
}

// zmtp1 returns the bodies of a ZMTP/1.0 stream, empty ones left out: length (one byte, or 0xff and eight), flags, body.
func zmtp1(t testing.TB, b []byte) (bodies []string) {
	t.Helper()
	for len(b) > 0 {
		size, head := uint64(b[0]), 1
		if size == 0xff {
			size, head = binary.BigEndian.Uint64(b[1:]), 9
		}
		if size < 1 || uint64(len(b)-head) < size {
			t.Fatalf("ZMTP frame of %d bytes, %d left", size, len(b))
		}
		if size > 1 {
			bodies = append(bodies, string(b[head+1:head+int(size)]))
		}
		b = b[head+int(size):]
	}
	return bodies
}

func TestGolden(t *testing.T) {
	envelopes := 0
	for name, frame := range goldenFrames(t) {
		t.Run(name, func(t *testing.T) {
			var p Parser
			batch, err := p.AppendParse(nil, frame, len(frame), Meta{})
			if foreign := strings.Contains(name, "/msgpack/") || strings.Contains(name, "/senders/stdlib-sender"); foreign && frame[0] != '{' {
				if reasonOf(err) != ReasonNotObject {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v in %.300q", err, frame)
			}
			envelopes += len(batch)
			decoder := json.NewDecoder(strings.NewReader(jsonOnly(frame)))
			for i := range batch {
				var raw json.RawMessage
				if err := decoder.Decode(&raw); err != nil {
					t.Fatal(err)
				}
				checkMessage(t, &batch[i])
				checkAgainst(t, &batch[i], raw)
				if want := string(raw); !bytes.ContainsAny(raw, "\n") && batch[i].JSON() != want {
					t.Errorf("JSON() = %s\nwant %s", batch[i].JSON(), want)
				}
			}
		})
	}
	if envelopes < 700 {
		t.Errorf("%d envelopes read", envelopes)
	}
}

// TestLinesOfALog reads what a router of 2012 wrote to its file for Hadoop: a compact line a message, in Python's order,
// with a name that is no identifier. (The lines are invented; TestAITC reads real ones.)
func TestLinesOfALog(t *testing.T) {
	var frame strings.Builder
	var want []string
	for i := range 50 {
		line := fmt.Sprintf(`{"severity":6,"timestamp":"2012-07-19T07:%02d:%02d.%06d","metlog_hostname":"app%d.web.example.com",`+
			`"fields":{"headers":{"path":"/1.0/%d/devices/%s","host":"shop%d.example.com:443","User-Agent":""},"threadlocal":{}},`+
			`"metlog_pid":%d,"logger":"","type":"wsgi","payload":"","env_version":"0.8"}`,
			i, 59-i, 7919*i, i%3, 11000+i, strings.Repeat("f0", i), i%7, 26000+i)
		want = append(want, line)
		frame.WriteString(line + "\n")
	}
	batch, err := new(Parser).AppendParse(nil, frame.String(), frame.Len(), Meta{})
	if err != nil || len(batch) != len(want) {
		t.Fatalf("%d messages, %v", len(batch), err)
	}
	for i := range batch {
		if batch[i].JSON() != want[i] {
			t.Errorf("JSON() = %s\nwant %s", batch[i].JSON(), want[i])
		}
		checkMessage(t, &batch[i])
		checkAgainst(t, &batch[i], []byte(want[i]))
		if agent, ok := batch[i].Field("headers", "User-Agent"); !ok || agent.String() != "" || agent.Kind() != String {
			t.Errorf("User-Agent %s, %v", agent.JSON(), ok)
		}
	}
}
