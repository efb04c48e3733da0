// A credential: what is stored of a passkey.
package passkey

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// The faults of credentials.
const (
	faultUnknown fault = "nobody has such a passkey"
	faultHandle  fault = "it names another person than its owner"
	faultFlipped fault = "it can be backed up now and could not before, or the other way round"
	faultCounter fault = "its counter went back: there may be a copy of it"
	faultLock    fault = "it is the lock of the authenticator app"
	faultOff     fault = "it is switched off"
)

// credential is the data of a method's row (signin.Enrolled.Data). Nothing in it is secret. The counter of signatures stands in the
// row, because it has to grow under a condition.
type credential struct {
	ID         []byte   `json:"id"`
	Key        []byte   `json:"key"`    // COSE_Key
	Handle     []byte   `json:"handle"` // the user handle that it was made for
	Model      string   `json:"model"`  // AAGUID; nobody vouches for it
	Attachment string   `json:"attachment,omitempty"`
	Transports []string `json:"transports,omitempty"`
	Eligible   bool     `json:"eligible"`  // for backup: it is synced to other devices. It never changes
	BackedUp   bool     `json:"backed_up"` // at its last use
	Verified   bool     `json:"verified"`  // it has checked who holds it when it was made
}

// Attachments (WebAuthn section 5.4.5).
const (
	platform      = "platform"
	crossPlatform = "cross-platform"
)

// transports that we pass on (section 5.8.4); others would be of no use to the browser.
var transports = []string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}

func read(e signin.Enrolled) (c credential, err error) { return c, json.Unmarshal([]byte(e.Data), &c) }

func (c credential) data() (string, error) {
	raw, err := json.Marshal(c)
	return string(raw), err
}

// token tells whether it is a thing of its own, such as a key for the key ring.
func (c credential) token() bool { return !c.Eligible && c.Attachment == crossPlatform }

// place is where the passkey is, as an accident would find it.
func (c credential) place() signin.Place {
	switch {
	case c.Eligible:
		return signin.Account
	case c.token():
		return signin.Token
	}
	return signin.Handset
}

// row is the passkey as it is stored.
func (c credential) row(ring *keys.Ring, user, name string, counter uint32, now time.Time) (signin.Enrolled, error) {
	data, err := c.data()
	return signin.Enrolled{ID: db.NewID(), User: user, Kind: signin.Passkey, Name: name, Secret: []byte{}, Data: data, Counter: int64(counter),
		Lookup: lookups(ring, c.ID)[0], UsedAt: now}, err
}

// lookups are the fingerprints by which a passkey is found: one for each key of the ring, the newest first.
func lookups(ring *keys.Ring, id []byte) (all []string) {
	for _, mac := range ring.Lookups("passkey", string(id)) {
		all = append(all, hex.EncodeToString(mac))
	}
	return all
}

// proof is what an answer of the passkey proves: that it is there, and, where it has checked its holder, who holds it. Whether a key
// is in hardware nobody vouches for; one that is synced is in software somewhere (RFC 8176 section 2: swk), one that is not says that
// it stays where it is (hwk).
func (c credential) proof(method string, verified bool, now time.Time) session.Proof {
	key := "hwk"
	if c.Eligible {
		key = "swk"
	}
	return session.Proof{Kind: string(signin.Passkey), Method: method, Factor: session.Possession, Verified: verified,
		AMR: []string{key, "user"}, At: now}
}

// handle is the user handle of a person: the name under which authenticators keep their passkeys for this site. It must say nothing
// about who they are (WebAuthn section 14.6.1), and stay the same, so that a passkey that is made anew replaces the old one. It is
// taken from a passkey that they have, else it is the fingerprint of their id.
func (m *Method) handle(user string, enrolled []signin.Enrolled) ([]byte, error) {
	for _, e := range enrolled {
		if e.Kind != signin.Passkey {
			continue
		}
		c, err := read(e)
		return c.Handle, err
	}
	return m.Keys.MAC("passkey user", user), nil
}

// lockHandle is how the user handles begin of passkeys that lock Woggle Authenticator, which lives at the same address
// (authenticator/src/vault/passkey.ts). Nobody signs in with those; and a browser that was told that such a one is unknown would delete it,
// and with it the way to all codes in the app.
const lockHandle = "woggle-authenticator-lock:"

// known are the transports of a list that we pass on.
func known(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(t string) bool { return !slices.Contains(transports, t) })
}
