// Package zerologsource sends an application's zerolog lines as messages: a [Writer] is what zerolog.New is given, over a
// [metlog.Client].
//
//	logger := zerolog.New(zerologsource.New(m, nil)).With().Timestamp().Logger()
//	logger.Warn().Str("disk", "sda").Int("ms", 1500).Msg("slow disk")
//
// The finished line is looked through once and its bytes are spliced into the message's fields: nothing is decoded, and
// nothing is allocated. Names are those of zerolog's variables (zerolog.MessageFieldName and so on), as they are when the
// line is written.
//
// # What becomes of a line
//
// The level is the severity: trace and debug are Debug; info and no level Info; warn Warning; error Error; fatal, panic and
// levels above them Critical; levels below trace Debug. [Options].Severity may say otherwise.
//
// The message is the payload. The type is oldstyle, and sentry for a line with an error's stack and for fatal and panic.
//
// The time is the timestamp, if it is as zerolog.TimeFieldFormat says; a format without a zone means local time, and a
// year must be one of 1 to 9999. zerolog writes whole seconds unless told otherwise: when that second is not over, the
// timestamp is the clock's, which is finer.
//
// Everything else stays in fields, error, caller and stack too, as the application wrote it. Level, message and time leave
// them when they were understood.
//
// # Events
//
// The payload of a line of type sentry is one JSON event, which [metlog.Client.EmitLine] builds as it does those of
// exceptions: bounded and redacted, its fields too, and under [metlog.Options].ExceptionsPerSecond, where lines of one
// severity and one innermost frame are of one origin: those beyond it are not sent, not as text either. It has the
// message, which is fields.msg too, the text of the error, the other fields as its context,
// and the frames of the stack. A stack is what zerolog.ErrorStackMarshaler makes: an array, an object or a text of several
// lines. Frames are read from it when it has the shape that zerolog/pkgerrors writes; a line without a stack has those of
// the goroutine that logged.
//
// A line does not tell the type of the error, which is called "error" there, or by the level; nor its causes, nor watched
// variables. Frames of a written stack have no package, nor lines of source: a line may name any file. Who has the error at
// hand gets all that from [metlog.Client.Exception].
//
// # Odd lines
//
// zerolog does not mind a name that stands twice. The first level is zerolog's own, and so are the last message and the
// last time; the others stay in fields as what they are, fields. Of any other name at the line's top level the last
// value counts, as for all readers of JSON, and the others are left out. In nested objects they stay.
//
// A line that cannot be spliced becomes the payload, whole, and its fields are empty: when RawJSON was given what is no
// JSON, when it nests deeper than 64, when the program is built with the tag binary_log and its lines are CBOR. What is not
// UTF-8 is in base64 then, and fields.encoding says so. In the client's account such a line is one message, as all are. A
// call of Write that has several lines is several messages, whichever of them are broken.
//
// # What is lost, and when
//
// A line is in the client's memory when the call that wrote it returns, and shares the fate of everything there. At fatal
// and panic WriteLevel waits until the client has offered it to its sink, and so does Close, which zerolog calls at fatal:
// each waits 2 seconds at most. A goroutine's panic that does not go through zerolog is not seen here.
//
// A sink that logs through the bridge that leads to it feeds itself for ever: do not build one.
//
// zerolog.MultiLevelWriter closes no writer behind one whose Close fails: let this one stand last. diode.Writer loses the
// level, which is then read from the line, and loses lines: the client waits for nobody as it is.
package zerologsource
