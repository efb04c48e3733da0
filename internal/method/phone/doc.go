// Package phone owns the phone as a method: mobile or landline, a code by text or by call, or
// approval in a call.
//
// A phone is set up in two pages, the number and the code, and counts only once the code has come back. Until then
// its number stands sealed in the challenge; a number that is updated works until the new one is proved.
//
// Where the organisation wants no code on the line, a call asks for approval (approve.go): the page shows two digits, and who
// answers presses them. Such a challenge goes
//
//	waiting ──the two digits──> right ──the browser goes on──> used
//	   └──any other two─────> wrong
//
// and there is one try. Right keys alone prove nothing: the page that shows the digits has to go on with them.
//
// What is sent costs money and can bother a stranger, so it is bounded (send.go): by person, number, number range,
// address and in all. A code that was entered gives back what it took of the bounds that are about abuse.
//
// A phone is found by a keyed fingerprint of its number (Lookups); one that was set up by an older version gets its own
// when it is used next.
//
// number.go is the only place that knows how numbers are written, and which are never dialled.
package phone
