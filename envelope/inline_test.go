package envelope

import (
	"os/exec"
	"strings"
	"testing"
)

// TestHotPathIsInlined pins what the scanner's speed hangs on: each of these is used several times a member, and a small
// change can push one over the inliner's budget unnoticed.
func TestHotPathIsInlined(t *testing.T) {
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{
		"view", "word", "special", "first", "scanSpaces", "scanColon", "scanDigits", "namePlace", "guessOrder", "pastSpaces",
		"skipPlain", "(*nameWord).is", "(*header).begins", "(*header).ends", "(*Message).note", "(*Message).within",
	} {
		if !strings.Contains(string(out), "can inline "+name+"\n") {
			t.Errorf("%s is not inlined", name)
		}
	}
}
