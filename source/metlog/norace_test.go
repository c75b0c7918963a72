//go:build !race

package metlog

const raceEnabled = false
