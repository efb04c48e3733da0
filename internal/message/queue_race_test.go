//go:build race

package message

// queueLength is smaller here, because the race detector makes SQLite ten times as slow; it looks for races, not for
// what a long queue costs.
const queueLength = 1000
