package envelope

import "bytes"

const blanks = " \t\r\n"

// appendSpliced appends one JSON object that somebody else encoded. It reports whether something in it was replaced.
func appendSpliced(b, fields []byte) (out []byte, replaced bool, err error) {
	object := bytes.TrimLeft(fields, blanks)
	lead := len(fields) - len(object)
	object = bytes.TrimRight(object, blanks)
	if len(object) == 0 {
		return b, false, &SyntaxError{Offset: lead, Start: lead, Reason: ReasonEmpty}
	}
	if object[0] == '{' && scanComposite(object, 0, maxDepth-1) == len(object) {
		return append(b, object...), false, nil
	}
	r := repair{text: string(object)}
	kept, ok := r.envelope()
	switch {
	case !ok:
	case r.i < len(object):
		r.reason = ReasonToken
	case scanComposite(view(kept), 0, maxDepth-1) != len(kept):
		r.reason = ReasonTooDeep
	}
	if r.reason != "" {
		return b, false, &SyntaxError{Offset: lead + r.i, Start: lead, Reason: r.reason}
	}
	return append(b, kept...), r.replaced, nil
}
