// Package archivesink writes messages into a directory that SQL engines read: one JSON line a message, in files that are
// partitioned as Hive does it.
//
//	DIR/dt=2026-11-23/hour=08/part-HOST-ID-N.jsonl.gz
//
// The archive is its own disk queue. A message goes with one write(2) into an open segment, a file of plain lines under
// DIR/_open. A segment that is large, old or idle enough is sealed: compressed beside it, synced, renamed to the name that
// was fixed when it was created, and only then removed; with [Plain] it is itself synced and renamed. So a file under dt=
// is whole and never changes, and there is nothing in memory to lose.
//
// # What done means
//
// A nil from Send means that each message stands in a segment file by write(2): it survives the end of the process, SIGKILL
// included. With [Options].Sync it has been fsynced and survives power loss too. A failed or short write is cut back, and
// the messages of it, no others, are reported. The first router that opens the directory seals what a killed one left, cut
// after the last newline, so every acknowledged message is published in exactly one file; only messages that were never
// acknowledged may be there as well. Any number of routers may share a directory of one machine: each has names of its own
// and holds flock(2) on its segments. Network file systems without flock, and Windows, will not do.
//
// Lost is what others delete. A directory that is removed under a running router is made anew and the messages of its open
// segments are saved, if the router lives until it has sealed them.
//
// # Reading it
//
// Names that begin with "_" are hidden from Hive, Spark and map-reduce, and nothing under _open ends in .jsonl, .gz or
// .zst, so a glob that ignores the custom does not match either. A file can be read with what is at hand, if that reads
// JSON: senders differ in their spaces, so grep misses some.
//
//	gunzip -c DIR/dt=2026-11-23/hour=*/part-*.jsonl.gz | jq -r .type | sort | uniq -c
//	gunzip -c DIR/dt=2026-11-23/hour=08/part-*.jsonl.gz | jq -r 'select(.type == "cef") | .payload'
//
// For SQL, docs/archive.md makes a table of lines and a view that takes them apart, in DuckDB, Spark and Hive. Readers that
// guess a schema, such as read_json and spark.read.json, give other answers once one sender writes a number where others
// write a text.
//
// dt and hour are UTC and tell when the source received a message ([envelope.Meta].Received), not what its sender claims.
// The lines are the envelopes byte for byte.
//
// # Capacity and security
//
// Send compresses nothing and waits for nothing but the disk: one goroutine seals. Only when that one is [Options].MaxOpen
// segments behind does a Send that needs a new segment wait for it, as long as its context allows. [Options].MaxBytes
// bounds the disk. Files have mode 0640 and directories 0750. No message chooses a path: a column taken from message data
// ([Partition]) is escaped as Hive does it, bounded in length and in the number of values.
package archivesink
