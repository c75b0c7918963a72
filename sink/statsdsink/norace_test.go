//go:build !race

package statsdsink

const raceEnabled = false
