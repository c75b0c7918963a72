// Package hdfssink is the archive's store over HDFS: it gives the files that sink/archivesink has sealed to a Hadoop
// cluster, each whole or not at all.
//
//	ROOT/dt=2026-11-23/hour=08/part-HOST-ID-N.jsonl.gz
//
// It is no Sink: messages go into the archive on the local disk, whose Send is the receipt, and the archive ships what it
// has sealed (archivesink.Options.Ship), so that a cluster that is away for a day costs disk and no message.
//
// # What done means
//
// A file is written to ROOT/_tmp/_tmp-HOST-ID-N and closed until the namenode has seen it replicated
// (dfs.namenode.replication.min, by default on one datanode; HDFS makes the other copies by itself). Its length is then
// compared and it is renamed to its name. A nil from Put means that. The archive removes its own file only then, so each
// message is in exactly one published file of the cluster, wherever the router is killed. HDFS does not sync to disk at
// close: when all datanodes that have a new block lose power at once, it may be lost, unless the cluster sets
// dfs.datanode.synconclose.
//
// Nothing is appended to. Whatever fails on the way to a datanode, the temporary file is given up and the sealed file is
// written again from its beginning under another name. HDFS replaces what stands under a name without a word, so a Store
// looks before it renames; that is not one step, so the names themselves must be nobody else's, and the archive's are.
// Readers never see a half: names that begin with "_" are hidden from Hive, Spark and map-reduce.
//
// # Silence
//
// A namenode or datanode that says nothing for Options.Timeout ends the attempt with an error, and so does the context of
// Put. With several namenodes, the next Put then begins with the next. When a datanode has died, Put tries again at once,
// since the namenode may name another; until the namenode knows of a silent one (10.5 minutes by default) some attempts
// fail still, and the archive goes on trying.
//
// # What is left behind
//
// A Store removes the temporary files that it has given up when it next writes one, and those of killed routers of the same
// host name once they are older than Options.Leftover, which should be the same for all routers of a host. A host that
// never comes again, as a container with a name of its own, leaves its last file in ROOT/_tmp, where anybody may remove
// what is old.
//
// # Capacity and security
//
// One Put holds a connection to the namenode and one to a datanode, and about 1 MiB of memory, whatever the size of the
// file. Small files are HDFS's bane: let the archive seal at some 128 MiB and 15 minutes, as it does by default.
//
// Without Kerberos HDFS believes the user name it is told, and nothing is encrypted. With it, namenode and router prove who
// they are to each other; whether data is encrypted is the cluster's setting and Kerberos.Protection. Namenodes are
// trusted, and so are the datanodes that they name. No name leaves the root, whatever it is made of. Files have mode 0640
// and directories 0750, as far as the cluster's access control lists add nothing.
//
// Hadoop 3.4.3 is what this is tested with: real namenodes, one or a pair, and datanodes that are killed, stopped and
// restarted, also secured by MIT Kerberos 1.20 with keytab and credential cache, data and calls encrypted (weaker
// protection was tried by hand). The client library knows neither erasure coding nor encryption zones: a directory that is
// one or the other takes no file, and Put says so. Encryption zones and federation were not tried.
package hdfssink
