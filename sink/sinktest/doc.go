// Package sinktest tests sinks: [Run] holds any [sink.Sink], leaf or wrapper, to that interface's contract, check by check,
// and each failure quotes the rule that was broken. [Recorder] is a sink for tests that keeps what it is sent, and that
// fails as a [Fault] tells it to.
//
// A conformance test is one [Harness]. A leaf's makes a sink with an endpoint of its own, and reads what arrived there:
//
//	func TestConformance(t *testing.T) {
//		var server *fakeServer
//		sinktest.Run(t, sinktest.Harness{
//			New: func(t testing.TB) sink.Sink {
//				server = newFakeServer(t)
//				s, err := New(server.Addr, nil)
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//			Received: func(t testing.TB) []string { return server.Lines() },
//			Fail:     func(t testing.TB, failing bool) { server.Refuse(failing) },
//		})
//	}
//
// A wrapper's says only how to wrap; the kit supplies what is wrapped:
//
//	sinktest.Run(t, sinktest.Harness{
//		Wrap: func(t testing.TB, next sink.Sink) sink.Sink { return sink.Filter(next, wanted) },
//		Key:  func(m *envelope.Message) string { … "" for what is not wanted … },
//	})
//
// What a harness gives the kit no means to check is named in the test's log, with the reason. The checks, by the names that
// [Harness].Except takes:
//
//	empty-batch        an empty batch is accepted and does nothing
//	deliver            what is accepted arrives, once, and nothing else does
//	order              messages sent one after another arrive in that order (Ordered)
//	concurrent         Sends beside each other lose and double nothing
//	batch-unchanged    Send changes neither the batch nor the array behind it
//	slice-reused       what is delivered late does not follow the caller's slice
//	borrows            a Borrower keeps nothing: the memory of each message is overwritten after Send
//	zero-message       the zero Message is refused as permanent, its neighbours are delivered
//	cancelled          under a cancelled context nothing is lost silently, and nothing refused arrives
//	stall              a Send that waits returns when its context ends, also when it waits for another (Stall)
//	errors             an endpoint's errors are returned, and the sink goes on afterwards (Fail)
//	indexes            wrappers: every failure at every place is reported at its own index, with its own error
//	permanent          wrappers: permanent errors stay so, others do not become it
//	union              Fan: the failures are the union of both, and each gets what the other refused
//	retries            asynchronous wrappers: what is refused for now is sent again, and only that
//	poison             asynchronous wrappers: a message refused for good is counted and stops no other
//	panic              wrappers: a panic of next is no acceptance, and the next Send works
//	account            there is an Account, it balances at all times and counts what the kit counts
//	next               wrappers: Next leads to what was wrapped
//	owns-nothing       wrappers: what was wrapped is never shut down
//	shutdown           Shutdown flushes, twice does no harm, then Send returns ErrClosed
//	shutdown-deadline  Shutdown returns when its context ends and says what is left (Stall)
//	shutdown-race      a message sent beside Shutdown is delivered or refused, never neither
//	close              Close returns at once, says what is left, twice does no harm, then Send returns ErrClosed
//	close-race         a message sent beside Close is delivered, refused or named as left
//	goroutines         none outlives Shutdown, and none Close
//
// Wrappers always have Fail and Stall: the kit's own next does both.
//
// The package imports testing and goleak and belongs into tests only. Checks run one after another; the check for
// goroutines left behind sees every goroutine of the process, so a test that calls Run must not run in parallel with
// others.
package sinktest
