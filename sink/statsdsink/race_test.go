//go:build race

package statsdsink

const raceEnabled = true
