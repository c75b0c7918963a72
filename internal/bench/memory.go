package main

import (
	"fmt"
	"strconv"
)

// memorySection: what a router holds when a sink behind a bounded queue falls far behind.
func memorySection(l *lab) error {
	const frames = 5_000_000
	for _, share := range []string{"all", "1%"} {
		p := l.self("", "slow", strconv.Itoa(frames), share)
		c, err := l.feed(trial{frames: frames}, p.command)
		if err != nil {
			return err
		}
		l.printResident("5,000,000 messages, a slow queue gets "+share, c)
	}
	return nil
}

// printResident prints how large a process was at most, which has a queue of 64 MiB and Go's collector, which lets twice
// what lives grow.
func (l *lab) printResident(name string, c cost) {
	const limit = 200
	verdict := "met"
	if c.resident == 0 || c.resident > limit {
		verdict = "MISSED"
	}
	fmt.Printf("  %-58s %10.0f MB  goal <= %d: %s\n", name, c.resident, limit, verdict)
}
