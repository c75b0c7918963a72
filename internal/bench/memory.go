package main

import (
	"fmt"
	"strconv"
)

// memorySection: what a router holds when a sink behind a bounded queue falls far behind.
func memorySection(l *lab) error {
	const frames, limit = 5_000_000, 200
	for _, share := range []string{"all", "1%"} {
		p := l.self("", "slow", strconv.Itoa(frames), share)
		c, err := l.feed(trial{frames: frames}, p.command)
		if err != nil {
			return err
		}
		verdict := "met"
		if c.resident > limit {
			verdict = "MISSED"
		}
		fmt.Printf("  %-58s %10.0f MB  goal <= %d: %s\n", "5,000,000 messages, a slow queue gets "+share, c.resident, limit, verdict)
	}
	return nil
}
