package envelope

import (
	"strings"
	"testing"
)

// TestMutations puts each of these bytes in each place of each seed, inserts it there, and cuts the seed there. A
// coverage-guided fuzz does not find what this finds, and the other way round.
func TestMutations(t *testing.T) {
	const bytes = "\"\\{}[]:,0-.eutN \n\t\x00\x80\xc3\xff"
	step := 1
	if raceEnabled {
		step = 7 // the race detector watches nothing here
	}
	for _, seed := range seeds {
		for at := 0; at <= len(seed); at += step {
			check(t, seed[:at], false)
			for i := range len(bytes) {
				check(t, seed[:at]+bytes[i:i+1]+seed[at:], false)
				if at < len(seed) {
					check(t, seed[:at]+bytes[i:i+1]+seed[at+1:], false)
				}
			}
		}
	}
}

// TestEveryByte puts every byte in every place of a machine word, in a string and between tokens, with text behind it and
// at the very end.
func TestEveryByte(t *testing.T) {
	for c := range 256 {
		for at := range 9 {
			in := strings.Repeat("x", at) + string([]byte{byte(c)})
			check(t, `{"payload":"`+in+`"}`, false)
			check(t, `{"payload":"`+in+`yyyyyyyyyyyy"}`, false)
			check(t, `{"payload":"`+in, false)
			check(t, `{"fields":{`+in+`":1}}`, false)
		}
		check(t, `{"type":"x"`+string([]byte{byte(c)})+`}`, false)
		check(t, `{"type":"x",`+string([]byte{byte(c)})+`"payload":1}`, false)
		check(t, `{"type":"\`+string([]byte{byte(c)})+`"}`, false)
	}
}
