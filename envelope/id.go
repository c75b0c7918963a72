package envelope

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// An ID identifies one message: 16 bytes, unique for all practical purposes. It is no secret.
type ID [16]byte

// NewID returns a random ID.
func NewID() (id ID) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

// Next returns the ID that counts one up from id: the messages of one frame are numbered from the frame's.
func (id ID) Next() ID {
	low := binary.BigEndian.Uint64(id[8:]) + 1
	binary.BigEndian.PutUint64(id[8:], low)
	if low == 0 {
		binary.BigEndian.PutUint64(id[:8], binary.BigEndian.Uint64(id[:8])+1)
	}
	return id
}

// String returns the ID as 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }
