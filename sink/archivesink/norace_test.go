//go:build !race

package archivesink

const raceEnabled = false
