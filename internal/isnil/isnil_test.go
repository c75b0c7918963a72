package isnil

import (
	"io"
	"testing"
)

func TestIs(t *testing.T) {
	for _, test := range []struct {
		name string
		v    any
		want bool
	}{
		{"nil", nil, true},
		{"nil pointer", (*int)(nil), true},
		{"nil function", (func())(nil), true},
		{"nil map", map[string]int(nil), true},
		{"nil slice", []int(nil), true},
		{"nil channel", (chan int)(nil), true},
		{"nil pointer in an interface", io.Reader((*io.PipeReader)(nil)), true},
		{"pointer", new(int), false},
		{"function", func() {}, false},
		{"empty map", map[string]int{}, false},
		{"empty slice", []int{}, false},
		{"zero number", 0, false},
		{"zero struct", struct{}{}, false},
		{"empty string", "", false},
	} {
		if got := Is(test.v); got != test.want {
			t.Errorf("%s: Is is %v", test.name, got)
		}
	}
}
