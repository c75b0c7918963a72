package metlog

import "fmt"

// appendCopy renders a value.
func appendCopy(v any) []byte { return fmt.Appendf(nil, "%T", v) }
