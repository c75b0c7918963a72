// Package integration holds what a whole router is held to: examples/router as a process of its own, fed by real clients
// (Python's and Node's ZeroMQ, raw ZMTP/1.0 bytes, datagrams), delivering to a real statsd and an archive on disk. What is
// shipped to HDFS goes to real namenodes and datanodes, which are killed and stopped meanwhile.
//
// A peer that cannot be started fails the run.
package integration
