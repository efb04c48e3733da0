// Package phone owns the phone as a method: mobile or landline, a code by text or by call.
//
// A phone is set up in two pages, the number and the code, and counts only once the code has come back. Until then
// its number stands sealed in the challenge; a number that is updated works until the new one is proved.
//
// What is sent costs money and can bother a stranger, so it is bounded (send.go): by person, number, number range,
// address and in all. A code that was entered gives back what it took of the bounds that are about abuse.
//
// number.go is the only place that knows how numbers are written, and which are never dialled.
package phone
