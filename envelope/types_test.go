package envelope

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestTypesPage holds docs/types.md to the code: its examples are envelopes of the specification, and every type that has
// a constant has a section and an example.
func TestTypesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/types.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for i, block := range bytes.Split(page, []byte("```json\n")) {
		if i == 0 {
			continue
		}
		text, _, _ := bytes.Cut(block, []byte("```"))
		batch, err := (&Parser{Strict: true}).AppendParse(nil, string(text), 0, Meta{})
		if err != nil {
			t.Errorf("%v: %s", err, text)
		}
		for i := range batch {
			found[batch[i].Type()]++
		}
	}
	for _, typ := range []string{TypeTimer, TypeCounter, TypeGauge, TypeLog, TypeException, TypeCEF, TypeDeadLetter, TypeUndecodable} {
		if found[typ] != 1 || !strings.Contains(string(page), "\n## "+typ+"\n") {
			t.Errorf("%s: %d examples", typ, found[typ])
		}
	}
}
