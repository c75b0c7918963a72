package envelope

import (
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func batchOf(t *testing.T, n int) []Message {
	t.Helper()
	var frame strings.Builder
	for i := range n {
		frame.WriteString(`{"type":"a\n","severity":3,"payload":"` + strings.Repeat("x", i) + `","fields":{"i":1}}`)
	}
	batch, err := new(Parser).AppendParse(nil, frame.String(), 1<<20, someMeta)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func within(inner, outer string) bool {
	start, base := uintptr(unsafe.Pointer(unsafe.StringData(inner))), uintptr(unsafe.Pointer(unsafe.StringData(outer)))
	return start >= base && start < base+uintptr(len(outer))
}

// sameButSlab reports whether two messages differ in nothing but whose memory they keep.
func sameButSlab(a, b Message) bool {
	a.slab, b.slab = 0, 0
	return a == b
}

func TestClone(t *testing.T) {
	m := batchOf(t, 3)[2]
	c := m.Clone()
	if !sameButSlab(c, m) {
		t.Errorf("clone is %+v", c)
	}
	if within(c.text, m.text) {
		t.Error("the text is the same memory")
	}
	if c.SlabBytes() != len(m.text) {
		t.Errorf("SlabBytes %d for %d bytes", c.SlabBytes(), len(m.text))
	}
	var zero Message
	if zero.Clone() != (Message{}) {
		t.Error("the zero Message's clone is not zero")
	}
}

func TestCloneAll(t *testing.T) {
	src := batchOf(t, 50)
	src[7] = Message{}
	first := Message{text: "{}"}
	bytes := 0
	for i := range src {
		bytes += len(src[i].text)
	}
	got := CloneAll([]Message{first}, src)
	if len(got) != 51 || got[0] != first {
		t.Fatalf("%d messages, the first %+v", len(got), got[0])
	}
	for i, m := range got[1:] {
		if !sameButSlab(m, src[i]) {
			t.Errorf("clone %d is %+v", i, m)
		}
		if i != 7 && within(m.text, src[i].text) {
			t.Errorf("the text of %d is the same memory", i)
		}
		if m.SlabBytes() < bytes || m.SlabBytes() >= bytes+1024 {
			t.Errorf("SlabBytes %d of a slab of %d", m.SlabBytes(), bytes)
		}
	}
	if n := len(CloneAll(nil, nil)); n != 0 {
		t.Errorf("%d clones of nothing", n)
	}
}

func TestCloneAllInPlace(t *testing.T) {
	src := batchOf(t, 20)
	want := slices.Clone(src)
	got := CloneAll(src[:0], src)
	if &got[0] != &src[0] {
		t.Error("dst had room and was not used")
	}
	for i := range want {
		if !sameButSlab(got[i], want[i]) || within(got[i].text, want[i].text) {
			t.Errorf("clone %d is %+v", i, got[i])
		}
	}
}

func TestCloneAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	src := batchOf(t, 20)
	dst := make([]Message, 0, 20)
	if n := testing.AllocsPerRun(50, func() { CloneAll(nil, src) }); n > 2 {
		t.Errorf("%v allocations with dst nil", n)
	}
	if n := testing.AllocsPerRun(50, func() { CloneAll(dst, src) }); n > 1 {
		t.Errorf("%v allocations with room in dst", n)
	}
}
