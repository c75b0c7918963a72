package envelope

import "testing"

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
