// Package sample owns the county of the demonstration: its groups, its people and the details it asks for.
//
// Nobody in it is real. Addresses end in .example (RFC 2606 section 2); numbers are from the ranges that Ofcom keeps for
// drama, 07700 900000 to 900999 and 01632 960000 to 960999, so that no text or call could ever reach anybody.
// It is data only: the demonstration puts it into a database.
package sample
