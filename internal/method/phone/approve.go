// Approval in a call: no code is said. The page shows two digits, and whoever answers the call presses them, so that only
// who sees the page can say yes (threat T47).
package phone

import (
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"net/http"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// approves tells whether what is sent by the channel asks for approval.
func (m *Method) approves(channel message.Channel) bool { return m.Approve && channel == message.Voice }

// shown are the two digits of a challenge, as its page shows them. They stand nowhere. The first is 1 to 8: 9 in a call
// says that nobody asked for it, and few people take a 0 in front for a key to press.
func (m *Method) shown(challenge string) string { return pair(m.Keys.MAC("approve", challenge)) }

func pair(mac []byte) string {
	// Reducing 64 bits to 80 values is biased by less than 1 in 10^17.
	number := binary.BigEndian.Uint64(mac) % 80
	return string([]byte{byte('1' + number/10), byte('0' + number%10)})
}

// pressed tells whether the keys are the digits of the challenge, in the same time for all wrong ones. A key of the ring
// may have been changed since the page was made.
func (m *Method) pressed(keys, challenge string) bool {
	right := 0
	for _, mac := range m.Keys.Lookups("approve", challenge) {
		right |= subtle.ConstantTimeCompare([]byte(keys), []byte(pair(mac)))
	}
	return right == 1
}

// Keyed tells whether the keys that were pressed in the call of a challenge are the two digits on its page. There is one
// try: wrong ones end the call's worth, and the page says so. Right ones prove nothing by themselves; the browser in which
// the digits stand goes on with them.
func (m *Method) Keyed(tx *db.Tx, challenge, keys string) (right bool, err error) {
	c, found, err := m.Flow.Asked(tx, challenge)
	if err != nil || !found || c.Kind != signin.Phone {
		return false, err
	}
	if _, s, err := m.pending(c); err != nil || !s.Approve {
		return false, err
	}
	return m.Flow.AnswerOutside(tx, challenge, func(c signin.Challenge) bool { return m.pressed(keys, c.ID) })
}

// State is how far a call for approval has come.
type State string

// The states. Besides these, it is the locale key of what became of the call.
const (
	waiting State = "waiting" // for two keys
	right   State = "right"
	wrong   State = "wrong"
	late    State = "late"
	over    State = "over" // another challenge took its place, or the sign-in went on elsewhere
)

func (m *Method) state(tx *db.Tx, c signin.Challenge, s sent) (State, error) {
	switch {
	case !tx.Now.Before(c.ExpiresAt):
		return late, nil
	case c.Answer == signin.Right:
		return right, nil
	case c.Answer == signin.Wrong:
		return wrong, nil
	}
	outcome, err := m.outcome(tx, c.ID, s)
	if outcome != "" {
		return State(outcome), err
	}
	return waiting, err
}

// watch tells the script of the page whether there is news. It answers the browser of the attempt only.
func (m *Method) watch(purpose signin.Purpose) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		now := over
		_, err := m.Flow.Watch(r, r.URL.Query().Get("a"), signin.Phone, purpose, func(tx *db.Tx, c signin.Challenge) error {
			now = over // of a run before
			_, s, err := m.pending(c)
			if err != nil || !s.Approve {
				return err
			}
			now, err = m.state(tx, c, s)
			return err
		})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		return json.NewEncoder(w).Encode(map[string]State{"state": now})
	}
}

// approved takes "I have pressed them". Whether it is so stands in the challenge, and nothing in the form.
func (m *Method) approved(tx *db.Tx, a *signin.Attempt, c signin.Challenge, s sent) (signin.Challenge, bool, error) {
	now, err := m.state(tx, c, s)
	switch {
	case err != nil:
		return c, false, err
	case now == late || now == wrong:
		a.Fail(problem.New(problem.Gone, "phone.approve."+string(now)))
		return c, false, nil
	case now != right:
		a.Fail(problem.New(problem.Invalid, "phone.approve.waiting"))
		return c, false, nil
	}
	return m.Flow.Answer(tx, a, signin.Phone, c.Purpose, func(c signin.Challenge) bool { return c.Answer == signin.Right })
}
