// Package code owns how a short numeric code is read that people type: package keys makes those that are sent, an
// authenticator app its own.
//
// It keeps no state. Whether a code is the right one, is in time and is unused is decided by its
// neighbours: package signin for codes that were sent, the authenticator method for TOTP.
package code
