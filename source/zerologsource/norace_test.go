//go:build !race

package zerologsource

const raceEnabled = false
