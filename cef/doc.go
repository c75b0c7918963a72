// Package cef reads and writes events in ArcSight's Common Event Format: one line of text that begins with seven headers
// and goes on with keys and values.
//
//	CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 suser=amy request=/login
//
// An [Event] is such a line's content, [Event.Append] writes it and [Parse] reads it. Whatever the values are, one event is
// one line, and every value is read from it as it was: that holds for text that looks like a header, like other keys or
// like further lines.
//
// The format is ArcSight's "Common Event Format Implementation Standard", called the standard here. What it escapes is
// escaped: | and \ in headers; = and \ in values, and line feed and carriage return as \n and \r. It has no lines in
// headers, so a header with a line end is an error. All other bytes stand as they are, among them NUL, other control
// characters, characters that change the direction of writing, and bytes that are not UTF-8. A transport that ends records
// with one of these must see to it; the standard wants UTF-8, which the envelope of a message guarantees. Blanks at the end
// of the last value are kept here, but some readers strip what ends a line.
//
// Parse takes, beside the standard's, all that the Python package cef wrote, by which the clients of 2012 made their
// events: see [Line].
package cef
