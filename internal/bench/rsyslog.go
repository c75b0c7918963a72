package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The same job for rsyslog: every message to a file, counters and timers to statsd besides.
const rsyslogConf = `
module(load="imczmq")
module(load="mmjsonparse")
template(name="line" type="string" string="%%msg%%\n")
template(name="stat" type="list") {
  property(name="$!logger") constant(value=".") property(name="$!fields!name") constant(value=":")
  property(name="$!payload") constant(value="|ms")
}
ruleset(name="all") {
  action(type="mmjsonparse" cookie="")
  if $!type == "timer" or $!type == "counter" then
    action(type="omfwd" protocol="udp" target="127.0.0.1" port="%s" template="stat")
  action(type="omfile" file="%s" template="line" ioBufferSize="64k" flushOnTXEnd="off")
}
input(type="imczmq" endpoints="@%s" socktype="PULL" ruleset="all")
`

// rsyslog runs rsyslogd until it has written count lines. Its CPU time counts as this process's, which does little else.
// The time it prints is that of the last write before rsyslogd is told to end: the wait that proves it done is not
// rsyslog's.
func rsyslog(endpoint string, count int, dir, statsdAddr string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	out, conf := filepath.Join(dir, "out"), filepath.Join(dir, "conf")
	_, port, err := net.SplitHostPort(statsdAddr)
	if err != nil {
		return err
	}
	if err := os.WriteFile(conf, fmt.Appendf(nil, rsyslogConf, port, out, endpoint), 0o600); err != nil {
		return err
	}
	cmd := exec.Command("/usr/sbin/rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	// It has written all but what its buffer holds when the file stops growing near its full size.
	average := len(corpusText()) / 1000
	var done time.Time
	for last, still := int64(0), 0; still < 5; {
		time.Sleep(200 * time.Millisecond)
		info, err := os.Stat(out)
		switch {
		case err != nil:
			continue // not one message yet
		case info.Size() == last && last > int64(count*average*9/10):
			still++
		default:
			last, still, done = info.Size(), 0, info.ModTime()
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "signal") {
		return err
	}
	fmt.Println(done.UnixNano())
	info, err := os.Stat(out) // its lines are not counted: the CPU for that would be rsyslog's
	if err != nil {
		return err
	}
	if whole := int64(count * average); info.Size() < whole*99/100 {
		return fmt.Errorf("rsyslog wrote %d of %d bytes", info.Size(), whole)
	}
	return nil
}
