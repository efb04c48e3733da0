// Ids, times and hashes as columns hold them.
package db

import (
	"crypto/rand"
	"encoding/base32"
	"time"

	"github.com/google/uuid"
)

// NewID makes an id that grows with time (UUIDv7, RFC 9562 section 5.7), so that new rows stand together.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewToken makes a random token of 256 bits, as 52 characters that survive being read out, typed and put in a URL.
func NewToken() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return lower.EncodeToString(b[:])
}

// Millis is a time as a column holds it; the zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the time that a column holds; 0 is the zero time.
func Time(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
