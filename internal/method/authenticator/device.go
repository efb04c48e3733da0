// An app that approves sign-ins: pairing it with an authenticator while that is set up, and what ends it.
package authenticator

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/message/push"
	"woggle/internal/signin"
)

// device is the app of one authenticator, on one phone.
type device struct {
	ID        string // thumbprint of its key (RFC 7638)
	User      string
	Method    string // id of the authenticator, empty until its first code was proved
	Challenge string // the set-up that it was paired in
	Epoch     int64
	Push      []byte // sealed subscription, or nil
}

// pairing is the token that goes with the secret to our own app: it names the set-up and proves that the page was seen. It
// stands nowhere, since it follows from the set-up's id and the key file.
func (m *Method) pairing(challenge string) string {
	id, err := uuid.Parse(challenge)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(id[:], m.Keys.MAC("pairing", challenge)[:16]...))
}

// pairingOf is the set-up that a token names, if it is a true one.
func (m *Method) pairingOf(token string) (challenge string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 32 || base64.RawURLEncoding.EncodeToString(raw) != token {
		return "", false
	}
	id, _ := uuid.FromBytes(raw[:16]) // never fails: it has the length
	right := 0
	for _, mac := range m.Keys.Lookups("pairing", id.String()) {
		right |= subtle.ConstantTimeCompare(raw[16:], mac[:16])
	}
	return id.String(), right == 1
}

// pair registers an app with the set-up with the id, once. It approves nothing before the first code was proved in the browser that shows
// the set-up (bind).
func (m *Method) pair(tx *db.Tx, s statement, id string, subscription *push.Subscription) (refusal error, err error) {
	c, found, err := m.Flow.Asked(tx, id)
	if err != nil || !found {
		return errLate, err
	}
	user, err := directory.Hold(tx, c.User)
	if err != nil {
		return nil, err
	}
	if c, found, err = m.Flow.Asked(tx, id); err != nil || !found { // as it stands now that others wait
		return errLate, err
	}
	if err := m.admit(tx, s); err != nil {
		return err, nil
	}
	d, paired, err := deviceOfSetUp(tx, c.ID)
	over := !c.UsedAt.IsZero() || !tx.Now.Before(c.ExpiresAt)
	switch {
	case err != nil:
		return nil, err
	case paired && d.ID == s.device:
		return nil, nil // its own request once more: the answer to the first was lost
	case paired:
		return errTwice, m.pairedTwice(tx, c, d, over)
	case over || c.Kind != signin.Authenticator || c.Purpose != signin.ToEnrol:
		return errLate, nil
	}
	d = device{ID: s.device, User: user.ID, Challenge: c.ID, Epoch: user.Epoch}
	if d.Push, err = m.sealPush(d.ID, subscription); err != nil {
		return nil, err
	}
	if fresh, err := insertDevice(tx, d); err != nil || fresh {
		return nil, err
	}
	return errTwice, nil // each pairing makes a key of its own
}

// once bounds what is said of one picture that was scanned twice.
var once = limit.Rule{Name: "paired-twice", Max: 1, Window: 24 * time.Hour}

// pairedTwice is what happens when a second app brings the same token: one of the two may be somebody's who has photographed the
// screen, and nobody can tell which; and that one has the secret too. A set-up under way ends, and begins anew with another
// secret. After it was done, the person is told.
func (m *Method) pairedTwice(tx *db.Tx, c signin.Challenge, first device, over bool) error {
	if wait, err := once.Take(tx, c.ID); err != nil || wait > 0 {
		return err
	}
	if err := audit.Record(tx, audit.Event{Type: audit.PairingRefused, Actor: "unknown", User: c.User}); err != nil {
		return err
	}
	if !over {
		if err := deleteDevice(tx, first.ID); err != nil {
			return err
		}
		return m.Flow.Withdraw(tx, c, signin.Trouble{Key: "authenticator.paired-twice"})
	}
	if first.Method == "" {
		return nil // it was never set up
	}
	user, err := directory.ByID(tx, c.User)
	if err != nil {
		return err
	}
	return m.Flow.Tell(tx, user, "authenticator.notice.paired-twice", nil)
}

// pairedApp is the app that was paired in the set-up. Where the person has said that they use another one, none counts: it would be
// somebody else's.
func (*Method) pairedApp(tx *db.Tx, c signin.Challenge) (device, bool, error) {
	if setUpOf(c).Other {
		return device{}, false, nil
	}
	return deviceOfSetUp(tx, c.ID)
}

// bind makes the app that was paired in the set-up the one of the authenticator, which was just added.
func (m *Method) bind(tx *db.Tx, a *signin.Attempt, d device, method string) error {
	if err := bindDevice(tx, d.ID, method, a.User.Epoch); err != nil {
		return err
	}
	return audit.Record(tx, a.Event(audit.DevicePaired, nil))
}

// letGo ends the approvals of an app, because the app wants to. The authenticator's codes go on.
func (m *Method) letGo(tx *db.Tx, d device) error {
	user, err := signin.Alter(tx, d.User)
	if err != nil {
		return err
	}
	if err := deleteDevice(tx, d.ID); err != nil {
		return err
	}
	if err := signin.MakeFindable(tx, d.Method, ""); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Event{Type: audit.DeviceLeft, Actor: user.ID, User: user.ID}); err != nil {
		return err
	}
	return m.Flow.Tell(tx, user, "authenticator.notice.device-left", nil)
}

// live is the device of a proof that may act now. Its errors are refusals: at once when the authenticator was removed, the
// person's account closed, or all their sessions ended. After the last, the next code that is typed from this app shows that it
// is still in the right hands (threats T51, T91).
func live(tx *db.Tx, id string) (device, error) {
	d, found, err := deviceByID(tx, id)
	if err != nil {
		return d, err
	}
	if !found {
		return d, errUnknown
	}
	if d.Method == "" {
		return d, errUnready
	}
	user, err := directory.ByID(tx, d.User)
	switch {
	case err != nil:
		return d, err
	case user.Status != directory.Active, user.Epoch != d.Epoch:
		return d, errStopped
	}
	return d, nil
}

func pushPlace(device string) []string { return []string{"authenticator_devices", "push", device} }

func (m *Method) sealPush(device string, s *push.Subscription) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	text, err := json.Marshal(s)
	return m.Keys.Seal(text, pushPlace(device)...), err
}

func (m *Method) openPush(d device) (s push.Subscription, err error) {
	text, err := m.Keys.Open(d.Push, pushPlace(d.ID)...)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}
