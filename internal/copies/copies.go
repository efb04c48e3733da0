// Keeping, renewing, giving out and removing copies.
package copies

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

const (
	// MostBytes bounds a copy: an account takes about 200 bytes.
	MostBytes = 256 << 10
	// Most is how many copies a person may have: one for each app, of which old ones may be gone.
	Most = 5
	// linkLife is how long a link that was given out opens a copy: a new app asks for a lock before it opens anything.
	linkLife = 30 * time.Minute
)

// What may be wrong. All else is the database's trouble.
var (
	ErrMany   = errors.New("copies: there are as many as there may be")
	ErrGone   = errors.New("copies: there is none")
	ErrFormat = errors.New("copies: this is no copy that only its owner can read")
)

// Copy says that there is one, and of when.
type Copy struct {
	ID        string
	CreatedAt time.Time
	RenewedAt time.Time // when the app last brought it, which is at each change
	Size      int       // bytes
}

// Check tells whether a text is a copy that nobody can read without its passphrase (RFC 7516, RFC 7518 section 4.8): an app that leaves
// accounts open by mistake is refused, and so is whoever wants to keep something else here. Its error is ErrFormat.
func Check(text string) error {
	if len(text) > MostBytes {
		return ErrFormat
	}
	_, err := jose.ParseEncryptedCompact(text, []jose.KeyAlgorithm{jose.PBES2_HS512_A256KW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return ErrFormat
	}
	return nil
}

// Keep stores the copy of an app, in place of the one that it left before. Its errors are ErrFormat and ErrMany.
func Keep(tx *db.Tx, ring *keys.Ring, user, device, text string) error {
	if err := Renew(tx, ring, user, device, text); !errors.Is(err, ErrGone) {
		return err
	}
	all, err := List(tx, user)
	if err != nil {
		return err
	}
	if len(all) >= Most {
		return ErrMany
	}
	id := db.NewID()
	if err := insert(tx, id, user, device, seal(ring, id, text), len(text)); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.CopyKept, Actor: user, User: user})
}

// Renew stores a copy in place of the one that the app left before. It does not bring back what its owner has removed: then its error is
// ErrGone. The other one is ErrFormat.
func Renew(tx *db.Tx, ring *keys.Ring, user, device, text string) error {
	if err := Check(text); err != nil {
		return err
	}
	id, found, err := find(tx, user, device)
	if err != nil {
		return err
	}
	if !found {
		return ErrGone
	}
	return update(tx, id, seal(ring, id, text), len(text))
}

// DropOf removes the copy of an app, if there is one.
func DropOf(tx *db.Tx, user, device string) error {
	id, found, err := find(tx, user, device)
	if err != nil || !found {
		return err
	}
	return Drop(tx, user, id)
}

// Drop removes a copy of the user's. Its error is ErrGone.
func Drop(tx *db.Tx, user, id string) error {
	gone, err := remove(tx, user, id)
	if err != nil {
		return err
	}
	if !gone {
		return ErrGone
	}
	return audit.Record(tx, audit.Event{Type: audit.CopyRemoved, Actor: user, User: user})
}

// Give is the text of a copy of the user's, which goes out as a file. Its error is ErrGone.
func Give(tx *db.Tx, ring *keys.Ring, user, id string) (string, error) {
	sealed, found, err := content(tx, user, id)
	if err != nil {
		return "", err
	}
	if !found {
		return "", ErrGone
	}
	text, err := ring.Open(sealed, place(id)...)
	if err != nil {
		return "", err
	}
	return string(text), audit.Record(tx, audit.Event{Type: audit.CopyTaken, Actor: user, User: user})
}

// Link is a token that opens a copy of the user's once, for half an hour, in an app that does not know them yet. Its error is ErrGone.
func Link(tx *db.Tx, ring *keys.Ring, user, id string) (token string, err error) {
	token = db.NewToken()
	set, err := setLink(tx, user, id, ring.MAC(linkPurpose, token), tx.Now.Add(linkLife))
	if err != nil {
		return "", err
	}
	if !set {
		return "", ErrGone
	}
	return token, audit.Record(tx, audit.Event{Type: audit.CopyTaken, Actor: user, User: user})
}

const linkPurpose = "copy-link"

// Opens tells whether a token opens a copy, by reading alone, and uses nothing up.
func Opens(tx *db.Tx, ring *keys.Ring, token string) (bool, error) {
	for _, hash := range ring.Lookups(linkPurpose, token) {
		if found, err := hasLink(tx, hash); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// Redeem is the text of the copy that a token opens. Its error is ErrGone, also for a token that was used or is too old.
func Redeem(tx *db.Tx, ring *keys.Ring, token string) (string, error) {
	for _, hash := range ring.Lookups(linkPurpose, token) {
		id, sealed, found, err := spendLink(tx, hash)
		if err != nil {
			return "", err
		}
		if found {
			text, err := ring.Open(sealed, place(id)...)
			return string(text), err
		}
	}
	return "", ErrGone
}

func seal(ring *keys.Ring, id, text string) []byte { return ring.Seal([]byte(text), place(id)...) }

func place(id string) []string { return []string{"authenticator_copies", "sealed", id} }
