//go:build race

package udpsource

const raceEnabled = true
