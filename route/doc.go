// Package route sends each message to every sink that a rule names for it.
//
// A [Rule] pairs a [Matcher] with a sink. A Matcher is data, not a closure: [New] compiles the rules into one program that
// finds the rules of a message by its type, logger and severity, so a rule that cannot match costs nothing. The
// combinators ([Type], [And], [Field] …) and the text form ([Parse], [ParseRules]) build the same trees.
//
// # What done means
//
// [Router.Send] returns nil when every matching rule's sink took every message, but for rules that are BestEffort: what
// their sinks do not take is counted in the rule's account and forgotten. A message that no rule matches is refused with
// [ErrUnrouted]; a rule with [Otherwise] makes sure there is none. When one sink of several refuses a message, the
// Send fails for it, and who sends it again sends it again to the sinks that took it: each rule delivers at least once.
// Put a queue before a sink that may fail or wait; a Router neither stores nor retries, and has nothing to shut down.
//
// # Cost and trust
//
// Routing allocates nothing and keeps no message. It never trusts a message: what a sender writes into one steers the
// router only where a rule looks at it. What a rule costs is linear in the message: regular expressions are RE2's, and a
// field is found by reading the fields from their beginning, once a message for each path that the rules name. Memory
// grows with the rules, never with the messages.
package route
