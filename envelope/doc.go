// Package envelope holds metlog's message: a JSON envelope as one line of text, checked once, with an index of where its
// members lie. Reading a member is slicing that text; passing the message on, to a file, a socket or a queue, is writing
// it. Nothing is encoded or decoded again on the way through.
//
// # The envelope
//
// Version 0.8 has nine members:
//
//	type             string   what kind of message it is: "timer", "order", any string
//	timestamp        string   when it happened, RFC 3339
//	logger           string   who says so
//	severity         number   0 (Emergency) to 7 (Debug), as in RFC 5424
//	payload          string   the body, as the type defines it
//	fields           object   everything else that is known, any names, any depth
//	env_version      string   "0.8"
//	metlog_pid       number   of the sending process
//	metlog_hostname  string   of its host
//
// Clients that are deployed send other shapes too. [Parser] takes them all unless it is strict: members in any order,
// missing, unknown or of odd types stay as they are in the text, and the accessors read what can be read.
//
// # Reading
//
// [Parse] reads one envelope, [Parser.AppendParse] all envelopes of a frame without copying them. A [Message] is an
// immutable value that any number of goroutines may read. [Message.Type] and its neighbours read members,
// [Message.Field] looks up a [Value] in the fields. [Message.Meta] is what the source knows; no sender can set it.
//
// # Writing
//
// [Draft.Seal] writes one message. An [Encoder] writes many into one slab of memory without allocating; a [Shape] is a
// type and field names encoded once. [Message.With] and [Message.Without] make changed copies.
//
// # Memory
//
// A Message keeps alive the memory its text is part of, which may be a large frame. [Message.Clone] and [CloneAll]
// detach messages that are kept for long; [Message.SlabBytes] says how much a message holds on to. No memory is ever
// recycled by this package.
//
// # Safety
//
// Input is hostile. Every text is checked for grammar, UTF-8, depth (64) and size (1 MiB unless set otherwise) without
// recursion, and what cannot be read is a [SyntaxError]. [Message.JSON] is always one line of valid JSON, so a message
// can add no line to a file and no record to a stream. What it means is the sender's word only.
package envelope
