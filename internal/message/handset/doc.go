// Package handset is the embedded telephone company of the demonstration and of tests: every number in the
// world works, nothing leaves the machine, and what would ring or buzz is shown on the page /handset.
//
// It owns the Exchange, which keeps the texts and calls of the last while in memory, and the pages on which
// a person reads the texts, answers the calls, hears them and presses keys.
//
// A call goes
//
//	ringing ──answer──> answered ──key 1──> reading ──hang up──> ended
//	   │                   ├──hang up──────────────────────────> ended
//	   │                   └──key 9─────> reported <──key 9── (reading)
//	   └──hang up, or nobody answers within 60 s──> missed
//
// and one that goes on for five minutes without a key ends by itself.
//
// The code is heard only in reading, as on a real line (threats T26). What the page does not show yet the
// JSON does: it is there so that a test can read the code without ears.
//
// Its neighbours are speech, which says the calls; page, which shows them; and the routes of message, which
// hand texts and calls to it as to any provider. It must never run in a server that strangers reach: anybody
// who sees the page reads everybody's codes.
package handset
