package envelope

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// view returns the bytes of s without copying them. They must not be written to. It and lend are this package's
// only unsafe lines: reading eight bytes at a time takes a slice, every index into which is still checked.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// lend returns b as a string without copying it. b must not be written to while the string is in use.
func lend(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns eight bytes of b, the first one lowest. The slice has a capacity that the compiler knows, which saves three
// instructions before each load: without it they keep the pointer of an empty slice inside its array.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

// special has a high bit for the first byte of w that a string cannot hold as it is or that needs a look: a quote, a
// backslash, a control character, a byte beyond ASCII (no such byte less one loses its high bit in both of the first two
// terms). Bits above the lowest one mean nothing; 0 is none.
func special(w uint64) uint64 {
	quote, backslash := w^'"'*ones, w^'\\'*ones
	return ((quote - ones) | (backslash - ones) | (w - ' '*ones)) & highs
}

// first returns the place, 0 to 7, of the lowest byte marked in a word of high bits.
func first(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }
