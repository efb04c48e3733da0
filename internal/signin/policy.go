// The policy: what the organisation has decided about methods.
package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
)

// Policy is what the organisation has decided about methods. Its zero value takes all of them, the strongest first.
type Policy struct {
	// Allowed are the only kinds that prove possession and may be set up; empty: all. Who has none of them signs in with what
	// they have, and sets up one of these before they go on.
	Allowed []Kind `json:"allowed,omitempty"`
	// Order is in which the kinds are asked where the person has chosen no default; what it does not name follows.
	Order []Kind `json:"order,omitempty"`
	// Strongest: who has a passkey is asked for nothing weaker in a browser that is not known to them (threat T46).
	Strongest bool     `json:"strongest,omitempty"`
	Makers    Makers   `json:"makers,omitzero"`
	Nudge     Campaign `json:"nudge"`
}

// Campaign is how people are asked to set up a second, independent way in.
type Campaign struct {
	Off    bool `json:"off,omitempty"`
	Snooze int  `json:"snooze,omitempty"` // days for which "not now" holds; 0: fourteen
	Most   int  `json:"most,omitempty"`   // times that it may be put off; 0: for ever
}

const (
	snoozeDays   = 14
	mostSnooze   = 365 // days
	restedMethod = 24 * time.Hour
)

// Check tells what is wrong with the policy.
func (p Policy) Check() error {
	for _, kind := range slices.Concat(p.Allowed, p.Order) {
		if !kind.Possession() {
			return fmt.Errorf("%q is no method that proves possession: write %s", kind, PossessionKinds())
		}
	}
	if len(p.Allowed) > 0 && !slices.ContainsFunc(p.Allowed, func(k Kind) bool { return !k.spare() }) {
		return errors.New("recovery codes run out: allow one more kind beside them")
	}
	if p.Nudge.Snooze < 0 || p.Nudge.Snooze > mostSnooze || p.Nudge.Most < 0 {
		return fmt.Errorf("a reminder can be put off for 1 to %d days, and as often as you say", mostSnooze)
	}
	return p.Makers.check()
}

func (p Policy) allows(kind Kind) bool {
	return len(p.Allowed) == 0 || slices.Contains(p.Allowed, kind)
}

// Days is for how many days "not now" holds.
func (c Campaign) Days() int {
	if c.Snooze == 0 {
		return snoozeDays
	}
	return c.Snooze
}

func (c Campaign) pause() time.Duration { return time.Duration(c.Days()) * 24 * time.Hour }

// under is the need as the policy narrows it. It is not possible where they have no method in common.
func (n Need) under(p Policy) (narrowed Need, possible bool) {
	if len(p.Allowed) == 0 {
		return n, true
	}
	refused := func(k Kind) bool { return k.Possession() && !p.allows(k) }
	n.Offer = slices.DeleteFunc(slices.Clone(n.Offer), refused)
	if len(n.Methods) == 0 {
		n.Methods = p.Allowed
		return n, true
	}
	n.Methods = slices.DeleteFunc(slices.Clone(n.Methods), refused)
	return n, len(n.Methods) > 0
}

// strongest leaves only the passkeys, where the policy wants nothing weaker in a browser that the person never used. A browser
// that is signed in is not strange any more.
func (a Attempt) strongest(usable []Enrolled) []Enrolled {
	isPasskey := func(e Enrolled) bool { return e.Kind == Passkey }
	if !a.Policy.Strongest || a.Known != "" || a.Session != "" || !slices.ContainsFunc(usable, isPasskey) {
		return usable
	}
	return slices.DeleteFunc(slices.Clone(usable), func(e Enrolled) bool { return !isPasskey(e) })
}

// PolicyNow is the policy that holds.
func PolicyNow(tx *db.Tx) (p Policy, err error) {
	body, err := readPolicy(tx)
	if err != nil || body == "" {
		return p, err
	}
	return p, json.Unmarshal([]byte(body), &p)
}

// SetPolicy replaces the policy. Attempts that are open go by it from their next step on.
func SetPolicy(tx *db.Tx, actor string, p Policy) error {
	if err := p.Check(); err != nil {
		return err
	}
	before, err := readPolicy(tx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := writePolicy(tx, string(body)); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.PolicyChanged, Actor: actor, Detail: audit.Detail{"before": before, "after": string(body)}})
}
