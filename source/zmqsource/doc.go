// Package zmqsource receives metlog envelopes over ZeroMQ, from PUSH or PUB sockets, those of 2012 included. One goroutine
// owns the socket and takes what is there in batches of up to 256 frames; each frame holds one envelope or several.
//
//	zmq, err := zmqsource.New([]string{"tcp://127.0.0.1:5565"}, nil)
//	...
//	err = zmq.Run(ctx, router)
//
// # What is offered
//
// Every frame that libzmq gave to [Source.Run] is decoded and offered to the sink once, under the address it was configured
// with as Origin. Every part of a multipart message is a frame of its own: metlog has no topic frame. What the sink refuses
// or nobody can decode goes to [Options].DeadLetter and is counted; it never ends Run.
//
// # What is lost, and when
//
// ZeroMQ has no receipts. With PUSH and PULL, frames that are in flight when a process or a connection ends are lost
// without an error at either end: up to the sender's and the receiver's high-water mark and what the kernel's socket
// buffers hold. When the context ends, Run stops listening and takes what is on its way, until nothing has come for 10 ms
// or DrainTimeout is over; senders that go on sending lose what is in flight then. A receiver that falls behind makes PUSH
// senders wait. A sender that ends while it waits loses nothing it has sent over TCP; over ipc it loses what the kernel
// still holds.
//
// PUB and SUB lose more, by nature: what is published before the subscription has arrived, and all that comes while the
// publisher's queue for this subscriber is full.
//
// A frame larger than [Options].MaxFrame costs its sender the connection and is not counted: libzmq refuses it before
// anyone sees it.
//
// # Capacity
//
// libzmq queues HighWater frames for every peer, of up to MaxFrame bytes each; Run holds one batch besides, 256 frames or
// the first that exceed 256 KiB. While the frames of about a second were few enough, Run lets them gather for up to
// Options.Linger before it takes them, which costs that latency and saves most of the work of waking up.
//
// # Security
//
// Anybody who can connect can send. New refuses to bind beyond loopback unless Options.AllowRemote is set; there is no
// authentication (CURVE will keep strangers out). A local endpoint (ipc) is a file: its directory's permissions decide who
// may connect, and binding it takes it over from a process that has it already. Peers that do not finish their handshake
// are dropped after 10 seconds.
//
// Two things libzmq does no option prevents. It keeps every part of a multipart message until the last has come, so one
// without an end takes memory without bound. And version 4.3.4 aborts the whole process when a connection breaks that has a
// ZMTP heartbeat waiting behind a full queue, which a hostile peer can bring about (libzmq issue 4364). Heartbeats are
// therefore never sent from here, and peers should not send them either; TCP's keepalive finds those that are gone. Let
// only peers connect that you would let stop this process.
package zmqsource
