// When packets go.

package rtp

import "time"

const (
	interval = 20 * time.Millisecond
	hopeless = 100 * time.Millisecond // behind: what should have been sent by then is not sent in one go
)

// pace calls send every 20 ms until done is closed. Each is due at a fixed distance from the first, so that lateness
// does not add up; after a standstill of the machine it starts anew from there.
func pace(done <-chan struct{}, send func()) {
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		send()
		due = due.Add(interval)
		if time.Since(due) > hopeless {
			due = time.Now()
		}
		timer.Reset(time.Until(due))
	}
}
