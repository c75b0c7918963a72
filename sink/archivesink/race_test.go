//go:build race

package archivesink

const raceEnabled = true
