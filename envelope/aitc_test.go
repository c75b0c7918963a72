//go:build aitc

package envelope

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAITC reads the 290 messages that a server really sent in July 2012. They are somebody else's data and are not part
// of this repository: METLOG_AITC says where they are, from the repository's root.
func TestAITC(t *testing.T) {
	path := os.Getenv("METLOG_AITC")
	if path == "" {
		path = "../shared/reference/golden/aitc.jsonl"
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join("..", path) // a test runs in its package's directory
	}
	lines := vectors(t, path)
	for i, line := range lines {
		text := string(line.Raw)
		batch, err := new(Parser).AppendParse(nil, text, len(text), Meta{})
		if err != nil || len(batch) != 1 || batch[0].JSON() != text {
			t.Fatalf("line %d: %d messages, %v: %s", i+1, len(batch), err, text)
		}
		checkMessage(t, &batch[0])
		checkAgainst(t, &batch[0], []byte(text))
		if _, found := new(Message).index(text); found != whole {
			t.Errorf("line %d is not scanned", i+1)
		}
		if m := &batch[0]; m.Type() != "wsgi" || m.Severity() != Info || m.PID() == 0 || m.Hostname() == "" {
			t.Errorf("line %d: %s", i+1, text)
		}
	}
	if len(lines) != 290 {
		t.Errorf("%d lines, want 290", len(lines))
	}
}
