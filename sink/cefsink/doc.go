// Package cefsink sends security events in ArcSight's Common Event Format to whatever reads syslog: ArcSight itself,
// rsyslog, syslog-ng.
//
//	arcsight, err := cefsink.New("tls://siem.example.net:6514", nil)
//
// A message's payload is read as one event (package cef) and written anew, with everything escaped, behind a header of
// syslog's: RFC 5424 or, by [Options].Format and over unixgram, RFC 3164. The address says how it travels:
//
//	tls://host:port       RFC 5425: TLS 1.2 or later, the server's name checked, frames that begin with their length
//	tcp://host:port       RFC 6587: the same frames (octet counting) without TLS
//	udp://host:port       RFC 5426: one datagram an event
//	unix:///path          the frames of tcp over a stream socket
//	unixgram:///path      one datagram an event, such as unixgram:///dev/log
//
// A payload that is no event is refused for good, with an error that names the message, so a queue before the sink gives it
// to its dead letter.
//
// # The record
//
//	<161>1 2026-03-02T09:15:04.000001Z web3 shop 4107 - - CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9
//
// Time and host are the message's own; where it has no time, when it was received. The process id is the message's where
// cef_meta asks for one, as here; else a hyphen, and in RFC 3164 nothing. The payload's own date and host, which the clients
// of 2012 wrote before "CEF:", go, unless Options.KeepStamp is set. There is no byte order mark, since what reads CEF looks
// for "CEF:" first.
//
// fields.cef_meta may ask for a priority, a facility, an ident and (option PID) for the process id, see cef.Meta. A priority
// is followed; a facility and an ident only where the operator allows them. What is not allowed, or no such word, falls
// back: to INFO, Options.Facility and Options.Ident. [Sink.Stats] counts that; the first of each kind is the account's
// LastError too, until there is another error.
//
// RFC 3164 has neither zone nor year: its times are local. Its tag is always written, since rsyslog takes "CEF" for one
// where there is none; a host without a letter or digit is left out, since it would be taken for the tag. It is the default
// over unixgram, without a host: most local daemons read nothing else. Of RFC 5424 rsyslog's imuxsock makes a program that
// is called 1, unless useSpecialParser is off; it takes the time of arrival, unless ignoreTimestamp is off.
//
// # One event, one record
//
// Line ends are escaped by CEF. A tab becomes a space. A question mark stands for every other control character, since C
// programs end a record at a NUL and terminals obey an ESC; for U+2028 and U+2029, where some readers end a line; and for
// what turns the direction of writing (U+202A to U+202E, U+2066 to U+2069), since who reads the log must see what is there.
// Stats counts such events as Replaced; an archive that gets the message too has the characters.
//
// A record is no longer than Options.MaxBytes, 8 KiB, since rsyslog splits longer ones and logs the rest as if somebody had
// sent it. Of an event that is too long the headers are cut, then the extensions, at a character's end and never within an
// escape; "metlogCut=<n>" at the end says that n bytes are missing, and Stats counts it.
//
// # What done means, and what is lost when
//
// Syslog has no receipts. Over UDP and unixgram, Send returns nil when every record was handed to the kernel, and nobody
// learns what did not arrive; a record that is larger than the system lets a datagram be is refused for good. Over the
// others it returns nil when every record was written to the connection, and the last second of records (Options.Resend) is
// kept. When the connection breaks, a new one is made, whether anybody sends or not, and they are written to it first. So a
// server that dies causes repeats, and no loss of what was sent within the second before. Lost without an error are
//   - records older than that, which the server had not read when the connection broke: the kernels' buffers hold some
//     before a server that is slow, hung or unreachable;
//   - the oldest of a second that has more than Options.ResendBytes, 16 MiB;
//   - records that no connection survives (see below), which Stats counts as GivenUp;
//   - what is kept, when the program ends without Shutdown.
//
// Shutdown ends the connection in order and waits until the server has closed it too, or for a second; what breaks
// meanwhile is sent again. What still waits for a connection when Shutdown's ctx ends, or at Close, has arrived or is lost:
// nobody knows, and the error, a sink.LeftError with a Doubt, counts it.
//
// # When the server is away
//
// Where no connection can be made, Send fails at once and asks the queue before it for a pause (sink.RetryAfter): 100 ms at
// first, doubled until 5 s. An attempt, handshake included, takes 10 s at most. To a server that does not read, Send waits
// as long as its ctx allows; then the connection is given up, as nobody knows how much of a record has left. What a Send
// returns an error for may have arrived all the same.
//
// A server that breaks connections within their first second (Resend) gets nothing new before one has lived so long, only
// what is kept, in case it dies of something else. The tenth time in a row, not even that: if the next connection then
// lives for a second, and ends once it is sent what is kept, that is given up.
//
// TLS 1.3 tells only after the handshake that the server refuses the client's certificate. So such a connection is watched
// for twice its handshake and 50 ms before it is written to.
//
// # Capacity and security
//
// Sends go one after another. An event of plain ASCII that already is as it would be written, as those of source/metlog
// mostly are, is copied. A record takes no allocation, but for the escapes in a payload; records are written together, up
// to 256 KiB at once, into memory that is kept for Resend and used again. Only tls:// is encrypted and tells who the server
// is: InsecureSkipVerify is refused. A sender writes every word of an event, its host and its time; it cannot add a record,
// and reaches no facility or ident that was not allowed.
package cefsink
