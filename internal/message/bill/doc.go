// Package bill owns what texts and calls cost, and what keeps the bill bounded.
//
// Prices come from the organisation's contract, a list by prefix of the number (prices.go). What is spent is counted for a
// person, a number, a range of numbers, an address and all together, by day and by month, in the transaction that promises
// the message: what would pass a limit is not sent (spend.go). Codes that are asked for and never entered close the range
// or the address that they are asked for from (ranges.go). What a roll-out will cost can be said before it (forecast.go).
//
// Who spends is named by keyed fingerprints and ids that the caller makes; no number stands in the tables, but for the
// beginnings of numbers that are closed.
package bill
