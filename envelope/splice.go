package envelope

import "bytes"

// appendSpliced appends one JSON object that somebody else encoded.
func appendSpliced(b, object []byte) ([]byte, error) {
	object = bytes.Trim(object, " \t\r\n")
	if len(object) == 0 {
		return b, &SyntaxError{Reason: ReasonEmpty}
	}
	if object[0] == '{' && scanComposite(object, 0, maxDepth-1) == len(object) {
		return append(b, object...), nil
	}
	r := repair{text: string(object)}
	kept, ok := r.envelope()
	switch {
	case !ok:
		return b, &SyntaxError{Offset: r.i, Reason: r.reason}
	case r.i < len(object):
		return b, &SyntaxError{Offset: r.i, Reason: ReasonToken}
	case scanComposite(view(kept), 0, maxDepth-1) != len(kept):
		return b, &SyntaxError{Reason: ReasonTooDeep}
	}
	return append(b, kept...), nil
}
