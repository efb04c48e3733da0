// Package bill owns what texts and calls cost, and what keeps the bill bounded.
package bill
