// Package code owns the short numeric codes that people read in one place and type in another: how a new
// one is drawn, and how a typed one is read.
//
// It keeps no state. Whether a code is the right one, is in time and is unused is decided by its
// neighbours: package signin for codes that were sent, the authenticator method for TOTP.
package code
