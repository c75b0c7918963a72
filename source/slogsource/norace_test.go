//go:build !race

package slogsource

const raceEnabled = false
