package envelope

import "strconv"

// A SyntaxError says why bytes are no envelope and where reading stopped.
type SyntaxError struct {
	Offset int    // where reading stopped, in bytes from the frame's beginning
	Start  int    // where the envelope that could not be read begins, likewise
	Reason Reason // what is wrong
}

// A Reason names what is wrong with a text that should be an envelope. It is the same text for the same fault, whatever
// the input, so it can label a counter.
type Reason string

func (e *SyntaxError) Error() string {
	return "envelope: " + string(e.Reason) + " at offset " + strconv.Itoa(e.Offset)
}
