// Package zmqsink sends metlog envelopes to a ZeroMQ PULL socket: a [Sink] is what an application, or a router that passes
// messages on to another, sends to.
//
//	router, err := zmqsink.New("tcp://127.0.0.1:5565", nil)
//	...
//	err = router.Send(ctx, batch)
//	...
//	err = router.Shutdown(ctx)
//
// # What done means
//
// Send returns nil when libzmq has taken every message: it has copied them into its queue, and its own thread sends them as
// soon as there is a connection. It waits only while that queue is full (HighWater frames), and only until its context
// ends: the error then names the messages that were not handed over. Messages stay the caller's: Borrows is true.
//
// # What is lost, and when
//
// ZeroMQ has no receipts, so nobody can say what a peer did not get. What the peer's process or the connection takes down
// with it is lost without an error: up to HighWater frames there and what the kernel's socket buffers hold. Frames queued
// here outlive a reconnection. A sink that connects queues the first HighWater frames also for a peer that never comes up;
// one that binds waits for a peer. Shutdown waits until the queue has left, at most for Linger; what remains is lost, and
// its error says that something did, though not how much. Close gives it a tenth of a second and says the same. A program
// that ends without either loses it too.
//
// Over ipc, a sink that ends while its peer is held up loses what the kernel still holds; over TCP it does not. A peer that
// vanishes without a word is found out by TCP's keepalive; there are no ZMTP heartbeats, which take a peer that is held up
// for a dead one.
//
// A frame larger than the peer allows costs the connection and is lost without an error. Send refuses messages larger
// than MaxFrame for that reason.
//
// # Capacity
//
// libzmq holds HighWater frames for every peer, of up to MaxFrame bytes each. One envelope a frame is what every receiver
// can read; [Options].FrameBytes packs many into one, which halves the cost for both ends, and receivers of metlog's own
// can read it.
//
// # Security
//
// What is sent is not encrypted, and whoever listens at the endpoint gets it. New refuses to bind beyond loopback unless
// Options.AllowRemote is set: anybody who can connect then gets a share of the messages. CURVE will keep strangers out.
package zmqsink
