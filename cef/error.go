package cef

import "fmt"

// An Error says why an event cannot be written, or a text not be read.
type Error struct {
	Header string // the header that is wrong, in the words of this package: "severity"; or empty
	Key    Key    // the key that is wrong, or empty
	Reason string
}

func (e *Error) Error() string {
	switch {
	case e.Header != "":
		return fmt.Sprintf("cef: %s: %s", e.Header, e.Reason)
	case e.Key != "":
		return fmt.Sprintf("cef: key %.100q: %s", string(e.Key), e.Reason)
	}
	return "cef: " + e.Reason
}
