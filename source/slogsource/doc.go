// Package slogsource sends what an application logs with log/slog as messages: a [Handler] is what slog.New is given, over
// a [metlog.Client].
//
//	logger := slog.New(slogsource.New(m, nil))
//	logger.Warn("slow disk", "disk", "sda", slog.Group("took", "ms", 1500))
//
// A record's message is the payload, its time the timestamp (the clock's if it has none), its attributes are the fields: a
// group is an object, and the rest is encoded as [envelope.Draft] says. The type is oldstyle. What is not written, and
// counted by the client's Damaged, is as there too: maps, unless the client's Maps says so, and values that cannot be.
//
// The level is the severity: below slog.LevelInfo Debug, from there Info, from Info+2 Notice, from slog.LevelWarn Warning,
// from slog.LevelError Error, from Error+4 Critical.
//
// What With and WithGroup are given is encoded then, once. Of a name that stands twice in one object the last value counts,
// whether it is the logger's or the record's, and the others are left out. Groups without attributes are left out.
//
// # What is lost, and when
//
// A record is in the client's memory when the call that logged it returns, and shares the fate of everything there. Handle
// never waits, unless the client's Full is Block, and never fails: attributes that cannot be sent because they nest deeper
// than 64 levels cost themselves; in their place a field "attributes" says so, in a text that begins with "!ERROR: ".
package slogsource
