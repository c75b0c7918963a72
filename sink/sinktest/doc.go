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
// What a harness gives the kit no means to check is named in the test's log, with the reason.
//
// The package imports testing and goleak and belongs into tests only. Checks run one after another; the check for
// goroutines left behind sees every goroutine of the process, so a test that calls Run must not run in parallel with
// others.
package sinktest
