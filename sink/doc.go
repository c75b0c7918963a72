// Package sink says what accepts messages, and how such things compose: a router, a filter, a queue and an endpoint are
// all a [Sink], so everything composes with everything.
//
// A Sink has one method. Send takes a batch, and its return is the acknowledgement: nil means that every message has
// reached the level that the sink's documentation names. What waits, retries or keeps messages is a sink itself:
//
//	Each                    a function for one message becomes a sink
//	Tee                     every message to each of several sinks
//	Filter, Map             some of the messages; something else in their place
//	Failover                what one sink does not take, to a second
//	Retry                   what failed is sent again while the sender waits
//	Queue                   what is sent waits in memory; what failed is sent again, or becomes a dead letter
//	Discard                 takes everything
//
// # Errors
//
// An error that is no [*BatchError] is about every message of the batch; [Failures] reads both. A message whose error is
// [Permanent] is not sent again; [RetryAfter] says when it may be. A message that failed in several branches has their
// errors joined, and such a join is permanent only if every part is: sending it again reaches those that took it, too.
//
// # Writing a sink
//
// Who takes one message at a time uses [Each]. Others implement Send, and
//
//   - return nil only for what has reached the level they document, and name the others in a BatchError;
//   - mark as Permanent what the same message would fail with again, and only that;
//   - do not retry, and start no goroutine for it: a Queue or a Retry before them does;
//   - wait for nothing that ctx cannot end, and do not look at ctx where they need not wait;
//   - embed [Counters] and return them as Account, under a name that says what they are and where they lead, without
//     secrets;
//   - are a [Borrower] if they keep nothing of a message after Send, or only clones;
//   - have Shutdown(ctx) and Close if they hold messages or connections, after which Send returns [ErrClosed]. Shutdown
//     drains; Close gives up at once; what is left behind is a [*LeftError]. Both may be called again.
//
// Package sinktest holds a sink to all of this.
//
// # Writing a wrapper
//
// A wrapper reports the indexes of the batch that it was given, not of the one that it sent. It never changes that batch:
// others read it at the same time. Its Next ([Wrapper]) returns every sink that it may send to, so that a ledger finds
// them; it never ends these. It borrows if all of them do, or if what it passes on are clones, decided once.
//
// # What is lost when
//
// The combinators hold nothing. A Queue is memory: what it holds is lost with the process. It is bounded in messages and
// in bytes, and what happens when it is full has a name ([Full]). Every message that is not delivered is in an [Account],
// with the reason.
package sink
