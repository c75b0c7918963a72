// Package envelope holds metlog's message: the JSON envelope, version 0.8, as text that is validated once and then passed
// on as it is.
package envelope
