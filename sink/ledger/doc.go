// Package ledger keeps the books of a program: it finds every part that messages pass through, says what became of each
// message, and ends the parts in the order in which messages flow, under one deadline.
//
//	books := ledger.New(zmq, udp, router) // and everything they lead to
//	err := source.Run(ctx, router, zmq, udp)
//	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
//	defer cancel()
//	err = errors.Join(err, books.Shutdown(grace), books.Balance())
//	fmt.Print(books)
//
// # What is in the books
//
// The parts given to [New], in the order in which messages flow, and what they lead to: whatever Next returns, Next of that
// and so on ([sink.Wrapper]). Each part stands once, however many lead to it. Since a router's rules can be replaced, the
// ledger looks again each time it is asked; a part once seen stays. A sink that keeps no account is listed as such.
//
// # The end
//
// A part ends when all that feed it have: a source before the router, a router before the queues, a queue before its sink
// and its dead letter. A source does not say what it feeds; each part given to New that is no sink is taken to feed the
// sinks given after it. Parts that do not feed one another end at the same time. Where parts feed one another in a circle,
// the one that was listed first ends first.
package ledger
