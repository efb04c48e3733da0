// Our own question: a challenge that says by itself what it is for.
package passkey

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"woggle/internal/db"
	"woggle/internal/page"
)

// The faults of challenges.
const (
	faultChallenge fault = "the challenge is none of ours, or of another browser, sign-in or purpose"
	faultLate      fault = "the challenge is too old"
	faultSpent     fault = "the challenge was answered before"
)

// life is how long a challenge may be answered.
const life = 5 * time.Minute

// A challenge is 256 random bits, until when it lives, and the fingerprint of both with what it is for. It stands in no
// table until it is answered: a page that everybody may look at, as often as they like, must write nothing.
const (
	nonceSize = 32
	headSize  = nonceSize + 8
	fullSize  = headSize + 32
)

// use is what a challenge is for. An answer to one is worth nothing for another.
type use struct {
	ceremony ceremony
	browser  string // its cookie: who reads a challenge on somebody's screen can answer it nowhere else
	attempt  string // id of the sign-in, or empty on the first page
}

func useOf(what ceremony, visit *page.Visit, attempt string) use {
	return use{what, visit.Browser, attempt}
}

const challengePurpose = "passkey challenge"

func (u use) parts(head []byte) []string {
	return []string{string(head), string(u.ceremony), u.browser, u.attempt}
}

// challenge makes a new one.
func (m *Method) challenge(u use, now time.Time) []byte {
	head := make([]byte, nonceSize, fullSize)
	rand.Read(head)
	head = binary.BigEndian.AppendUint64(head, uint64(now.Add(life).UnixMilli()))
	return append(head, m.Keys.MAC(challengePurpose, u.parts(head)...)...)
}

// until is when the challenge ends, if it is one of ours for the use and lives.
func (m *Method) until(challenge []byte, u use, now time.Time) (time.Time, error) {
	if len(challenge) != fullSize || !m.Keys.CheckMAC(challenge[headSize:], challengePurpose, u.parts(challenge[:headSize])...) {
		return time.Time{}, faultChallenge
	}
	end := db.Time(int64(binary.BigEndian.Uint64(challenge[nonceSize:])))
	if !now.Before(end) {
		return end, faultLate
	}
	return end, nil
}

// spend uses the challenge up. Of two answers at once, on any node, one gets it.
func spend(tx *db.Tx, challenge []byte, end time.Time) error {
	mine, err := insertSpent(tx, hex.EncodeToString(challenge[:nonceSize]), end)
	if err == nil && !mine {
		err = faultSpent
	}
	return err
}
