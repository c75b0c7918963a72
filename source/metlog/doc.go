// Package metlog makes a Go program a generator of messages: it is what an application holds to say what happens in it.
// A message is encoded by the goroutine that has it, straight into memory of the [Client]'s, and that is all it pays
// for; one goroutine behind it sends what is there to any [sink.Sink], in batches.
//
//	m, err := metlog.New(to, &metlog.Options{Logger: "shop"})
//	...
//	m.Emit(ctx, "order", "paid", slog.String("id", id), slog.Float64("total", 9.5)) // any type, payload and fields
//	m.Log(ctx, envelope.Warning, "slow disk", slog.Duration("took", took))          // a line of text
//	m.Incr("cart.added", 1)
//	storing := m.Timer("cart.store") // once
//	defer storing.Start().Stop()
//	m.Exception(ctx, err)
//	m.CEF(ctx, event, cef.Meta{}) // a security event
//	...
//	err = errors.Join(err, m.Shutdown(grace), to.Shutdown(grace)) // grace: a fresh context with a deadline
//
// On the wire a message is a line of JSON. The first of these is
//
//	{"type":"order","timestamp":"2026-03-02T12:00:00.000000Z","logger":"shop","severity":6,"payload":"paid","fields":{"id":"a17","total":9.5},"env_version":"0.8","metlog_pid":7,"metlog_hostname":"web3"}
//
// What is sent has the shape that the original clients gave it, so their routers read it: timers and counters have a
// name and a rate in their fields and a decimal number as their payload, lines of text are of type oldstyle. Only the
// payload of type sentry is another: one JSON event as Sentry takes them today.
//
// # Done, and what is lost
//
// A message is Done when the sink's Send has taken it. A batch is offered once. What the sink refuses is Dropped
// "refused" and told to [Options.OnError]; who wants it sent again puts a [sink.Queue] before the sink. What
// waits to be sent is lost when the process is killed; that is at most [Options.FlushInterval] old while the sink keeps
// up. [Client.Flush] and [Client.Shutdown] leave nothing behind.
//
// The account says where every message went. Dropped has, by name: "sampled", by [Rates]; "filtered", by
// [Options.Filters]; "full", no memory left; "large", of more than 1 MiB, which no parser takes; "values", a wrong
// number of them given to a [Prepared]; "number", a gauge that is none; "limited", by
// [Options.ExceptionsPerSecond]; "nil", an exception that is none; "refused", by the sink; "closed", sent after Shutdown;
// "shutdown", left at the end.
//
// What waits to be sent leaves in the order of its times, about a thousand messages at a time at most. Beyond that, what
// one goroutine sends may arrive in another order, since it may be moved to another processor meanwhile.
//
// # What it costs
//
// Emit and its neighbours neither wait, nor allocate, nor make a system call, whether or not the sink does its work,
// as long as the fields are scalars. Groups, Any and LogValuers are encoded in memory of their own. A timer whose rate
// is 0 is one atomic load; what is sampled out reads no clock. An idle client never wakes up.
//
// Memory is bounded by [Options.MaxBytes], in pieces of 100 KiB that are used again when the sink says that it keeps
// nothing (see [sink.Borrower]). When it is full, messages are dropped and counted, or with [Block] their senders wait.
//
// # Exceptions
//
// [Client.Exception] and [Client.Panic] send an event with the frames of the stack, lines of the source about each, and
// the values that the functions on it have named with [Watch] and [Var], since Go cannot read their variables by itself.
//
// An exception, its event and its fields alike, shows no value whose name has one of the parts in it that [Options.Redact]
// lists, nor the passwords and the parameters of such names in the URLs of its texts; messages of all other types stay as
// the application wrote them. Secrets that no name tells are not seen: in the source, in other texts, or where the name is
// a value itself, as in a list of pairs.
//
// # Bad input
//
// Nothing that is sent may hurt the program that sends it. Text that is not UTF-8 becomes U+FFFD; a float64 that is NaN or
// infinite is null, but costs the whole value where encoding/json meets it, as in a []float64; [Client.Damaged] counts such
// messages. Line ends and other control characters are escaped, which loses nothing and is not counted. A value that cannot
// be encoded costs only itself: where it would stand there is a text that begins with "!ERROR: ", or with "!PANIC: " when a
// method of the value panicked, and [Client.Damaged] counts the message. What [Client.CEF] does with events is said there.
// Methods of values (LogValue, Error, MarshalJSON, MarshalText) are called without a lock, so they may use the client. Maps
// are not read unless [Options.Maps] says so: see there.
package metlog
