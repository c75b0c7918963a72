// Package metlog makes a Go program a generator of messages: what an application holds to say what happens in it.
//
// A [Client] writes each message as text straight into memory of its own, in the caller's goroutine, and returns. A
// goroutine behind it sends what is there to a sink, in batches.
package metlog
