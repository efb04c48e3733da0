// Package handset is the embedded telephone company of the demonstration and of tests: every number in the
// world works, nothing leaves the machine, and what would ring or buzz is shown on the page /handset.
//
// It owns the Exchange, which keeps the texts and calls of the last while in memory, and the pages on which
// a person reads the texts, answers the calls, hears them and presses keys.
//
// A call rings until it is answered, declined, or nobody came within 60 s. What happens from the answer on
// package call tells, as for any line; it says too when the call is over, if nobody hangs up before. Silence takes
// longer here than on a line, because the page is read and clicked.
//
// The code is heard only after key 1, as on a real line (threats T26). What the page does not show yet the
// JSON does: it is there so that a test can read the code without ears.
//
// Its neighbours are call and speech; page, which shows them; and the routes of message, which
// hand texts and calls to it as to any provider. It must never run in a server that strangers reach: anybody
// who sees the page reads everybody's codes.
package handset
