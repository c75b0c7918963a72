//go:build !race

package cefsink

const raceEnabled = false
