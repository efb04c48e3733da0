// Time-based one-time passwords: the secret, the code of a step, and whether a typed code is right.

package authenticator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// The one set of parameters that every authenticator app understands. Some apps read the others in the QR
// code and then, without a word, show wrong codes; so these are not settings.
const (
	Digits = 6
	Period = 30 * time.Second

	secretBytes = 20 // as long as the output of SHA-1: RFC 4226 section 4, R6
	skew        = 1  // steps either side of now, for clocks that differ and slow typing: RFC 6238 section 5.2
)

// NewSecret draws a secret of 160 bits from the operating system's generator (RFC 6238 section 5.1).
func NewSecret() []byte {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails: the program ends if the system has no randomness
	return secret
}

// Step is the number of whole periods since 1970, the moving factor T of RFC 6238 section 4.2.
func Step(now time.Time) int64 { return now.Unix() / int64(Period/time.Second) }

// Code is the code that an app shows during a step (RFC 4226 section 5.3).
func Code(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fff_ffff
	return fmt.Sprintf("%0*d", Digits, number%1_000_000)
}

// Match tells whether code is right at now or one step before or after, and for which step. lastStep is the
// highest step that this secret was ever used for, 0 at first: only a later one counts, so that a code works
// once (RFC 6238 section 5.2). The caller must store step as the new lastStep under the condition that it is
// still greater, or two requests at once could both use the code.
//
// The time taken does not depend on the code: every step is computed and compared in full. An empty secret,
// which anybody could compute codes for, never matches.
func Match(secret []byte, code string, now time.Time, lastStep int64) (step int64, ok bool) {
	if len(secret) == 0 {
		return 0, false
	}
	matched, found, current := 0, 0, Step(now)
	for candidate := current - skew; candidate <= current+skew; candidate++ {
		same := subtle.ConstantTimeCompare([]byte(Code(secret, candidate)), []byte(code))
		matched |= same
		// If two steps share a code by chance the later one is taken, so that both are used up.
		found = subtle.ConstantTimeSelect(same, int(candidate), found)
	}
	if matched == 0 || int64(found) <= lastStep {
		return 0, false
	}
	return int64(found), true
}
