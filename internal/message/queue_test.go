//go:build !race

package message

// queueLength is how many reminders wait in the story of the long queue.
const queueLength = 10_000
