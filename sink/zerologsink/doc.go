// Package zerologsink prints messages through a zerolog.Logger: a [Sink] is for development, where one wants to see what a
// program or a router sends, on a terminal or among the program's own lines.
//
//	console := zerologsink.New(zerolog.New(zerolog.NewConsoleWriter()))
//	m, err := metlog.New(console, nil)
//
// A line has the message's time, its severity as the level, its payload as the message, and type, logger, host, pid and
// fields under these names, the fields as one object; what a message lacks is left out. Timers, counters and gauges, whose
// payload is a number, have their type and name before it, so that a console begins with them: timer cart.store 38. The
// severities are zerolog's levels: Emergency and Alert panic, Critical fatal, Error error, Warning warn, Notice and Info
// info, Debug debug. No line makes zerolog panic or exit. Give it a logger without Timestamp: that would print a second
// time.
//
// # What done means
//
// Done means that the logger has been given the line. zerolog keeps its writer's errors to itself (and to
// zerolog.ErrorHandler), so nobody else learns of them: that is why this is no sink for production. Send lasts as long as
// the writer does, whatever its context says. A message that the logger's level or sampler keeps out is Dropped
// "filtered". Messages stay the caller's: Borrows is true. There is nothing to shut down.
//
// # Security
//
// zerolog escapes what would end a line or a string, so a message is one line of JSON. zerolog.ConsoleWriter decodes that
// again and prints a payload as it is, newlines and what moves a terminal's cursor included: give it messages of programs
// you trust.
//
// A logger that leads back into metlog, through zerologsource, would print its own lines for ever: do not build one.
package zerologsink
