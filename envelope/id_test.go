package envelope

import "testing"

func TestID(t *testing.T) {
	for from, to := range map[ID]ID{
		{}:                         {15: 1},
		{15: 0xff}:                 {14: 1},
		{0: 7, 15: 9}:              {0: 7, 15: 10},
		{7: 1, 8: 0xff, 15: 0xfe}:  {7: 1, 8: 0xff, 15: 0xff},
		idOf(0, 0xff):              {7: 1}, // from the lower half into the upper
		idOf(0xff, 0xff):           {},
		{0: 0xab, 6: 0xff, 7: 255}: {0: 0xab, 6: 0xff, 7: 255, 15: 1},
	} {
		if got := from.Next(); got != to {
			t.Errorf("%s is followed by %s, want %s", from, got, to)
		}
	}
	if got, want := (ID{0: 0xAB, 15: 1}).String(), "ab000000000000000000000000000001"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if a, b := NewID(), NewID(); a == b {
		t.Error("two random IDs are one")
	}
}

// idOf returns an ID of one byte in its upper and one in its lower half.
func idOf(high, low byte) (id ID) {
	for i := range 8 {
		id[i], id[8+i] = high, low
	}
	return id
}
