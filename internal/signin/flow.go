// Next, the decision: what to ask of the browser. No clock, no database, no globals.
package signin

import (
	"slices"
	"strings"
	"time"

	"woggle/internal/directory"
	"woggle/internal/session"
)

// Kind names a kind of method.
type Kind string

// The kinds. Recovery is a set of recovery codes, Card a printed card of numbered codes. Mail is a code sent to the address on
// record: no factor, but it makes an older password proof enough to add a first method. MailLink is the link of a forgotten
// password. Outside is a first proof that another site has seen.
const (
	Password      Kind = "password"
	Passkey       Kind = "passkey"
	Authenticator Kind = "authenticator"
	Phone         Kind = "phone"
	Card          Kind = "card"
	Recovery      Kind = "recovery"
	AccessPass    Kind = "accesspass"
	Mail          Kind = "mail"
	MailLink      Kind = "maillink"
	Outside       Kind = "outside"
)

// strength orders what proves possession, the strongest first (as Entra's system-preferred order does).
var strength = []Kind{Passkey, Authenticator, Phone, Card, Recovery}

// Possession tells whether methods of the kind prove possession.
func (k Kind) Possession() bool { return slices.Contains(strength, k) }

// spare tells whether methods of the kind are kept for a bad day: they are asked after all others, are never the default, and
// alone they are no way in to rely on, because they run out.
func (k Kind) spare() bool { return k == Recovery }

// PossessionKinds names the kinds that prove possession, for messages about settings.
func PossessionKinds() string {
	names := make([]string, len(strength))
	for i, kind := range strength {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

// Idle is how long an attempt may rest before it ends.
const Idle = 15 * time.Minute

// Longest is how long an attempt may live, however busy it is.
const Longest = time.Hour

// Need is the proof that a page or an app requires.
type Need struct {
	Level    session.Level `json:"level"`
	Fresh    time.Duration `json:"fresh,omitempty"`    // possession proved no longer ago than this; 0: any time in the session
	Since    time.Time     `json:"since,omitzero"`     // every factor proved at or after this: an app asked for a new sign-in
	Methods  []Kind        `json:"methods,omitempty"`  // only these prove possession; empty: all do
	Offer    []Kind        `json:"offer,omitempty"`    // kinds that may be set up, the suggested first
	Enrol    Kind          `json:"enrol,omitempty"`    // a method of this kind is to be set up
	Replaces string        `json:"replaces,omitempty"` // id of the method that the new one replaces once it is proved
	Details  bool          `json:"details,omitempty"`  // missing details are asked for
}

// StepKind is what the flow asks of the browser.
type StepKind string

// The closed set of steps.
const (
	Identify StepKind = "identify"
	Prove    StepKind = "prove"
	Enrol    StepKind = "enrol"
	Details  StepKind = "details"
	Nudge    StepKind = "nudge" // another way in is suggested; it may be put off
	Refuse   StepKind = "refuse"
	Done     StepKind = "done"
)

// Reasons of a refusal. Each has a page text, signin.refused.<reason>.
const (
	ReasonIdle      = "idle"       // nothing happened for 15 minutes
	ReasonWrong     = "wrong"      // five wrong tries
	ReasonDone      = "done"       // it is finished already
	ReasonLeft      = "left"       // the person left it
	ReasonDisabled  = "disabled"   // the account is closed
	ReasonLocked    = "locked"     // the account is locked
	ReasonFrozen    = "frozen"     // changes are frozen after "this wasn't me"
	ReasonNeedsPass = "needs-pass" // nothing is set up, and what was proved is not enough to add the first method
	ReasonPass      = "pass"       // the access pass it stood on was used elsewhere, or its time is over
	ReasonFull      = "full"       // there may be no more methods of the kind
	ReasonMethods   = "methods"    // none of the methods that would do can be set up here
	ReasonHeld      = "held"       // the new password works tomorrow: it was got back with a mailbox and a number alone
	ReasonLevel     = "level"      // the need was not met; unreachable while the rules above hold
	ReasonLate      = "late"       // nobody waits for the outcome any more
	ReasonNoMethod  = "no-method"  // a site asks for a second step, and none is set up that it takes
	ReasonUnknown   = "unknown"    // no such attempt is open in this browser
)

// Step is what to do next.
type Step struct {
	Kind    StepKind
	Ask     Kind          // Prove, Enrol: the kind whose page is shown
	Target  *Enrolled     // Prove: the method asked, nil for the password and for mail
	Option  string        // Prove: the way chosen for the target, such as a call; empty: its own default
	Choices []Enrolled    // Prove: all methods that would do, the strongest first
	Kinds   []Kind        // Enrol, Nudge: the kinds that may be chosen from
	Reason  string        // Refuse
	Level   session.Level // Done: what was reached
}

// Next decides the next step. The rules stand in the order in which they bind.
func Next(a Attempt, need Need, enrolled []Enrolled, now time.Time) Step {
	need, possible := need.under(a.Policy)
	switch {
	case a.Ended != "":
		return refuse(a.Ended)
	case now.Sub(a.TouchedAt) > Idle, now.Sub(a.CreatedAt) > Longest:
		return refuse(ReasonIdle)
	case a.Elsewhere != nil && !now.Before(a.Elsewhere.Until):
		return refuse(ReasonLate)
	case a.Typed == "" && a.Person == nil:
		return Step{Kind: Identify}
	case !a.knows(need):
		// The same page for everybody, also for a name that nobody has.
		return Step{Kind: Prove, Ask: Password}
	case a.Person.Status == directory.Disabled:
		return refuse(ReasonDisabled)
	case a.Person.Status != directory.Active:
		return refuse(ReasonLocked)
	case !possible:
		return refuse(ReasonMethods)
	}
	usable := possessions(enrolled, a.Policy.Order)
	if a.Recover {
		usable = forRecovery(usable, now)
	}
	if a.Elsewhere != nil {
		return nextElsewhere(a, need, usable, now)
	}
	if a.weak() && a.added(Password) {
		return refuse(ReasonHeld)
	}
	if !a.has(need, now) {
		return provePossession(a, need, usable, enrolled, now)
	}
	switch {
	case a.Recover && !a.added(Password), !holds(enrolled, Password), a.byPass() && a.Person.Waiting && !a.Alone && !a.added(Password):
		return enrol(a, []Kind{Password})
	case need.Enrol != "" && !a.added(need.Enrol):
		return enrol(a, []Kind{need.Enrol})
	case need.Details && a.Person.Missing && !a.Person.Frozen: // whose account is frozen changes nothing
		return Step{Kind: Details}
	case need.Details && a.Nudged != "" && !a.Person.Frozen && !a.added(a.Nudged):
		return enrol(a, []Kind{a.Nudged})
	case need.Details && a.nudges():
		return Step{Kind: Nudge, Kinds: a.Person.Nudge}
	}
	level := session.LevelOf(a.Proofs)
	if level < need.Level {
		return refuse(ReasonLevel)
	}
	return Step{Kind: Done, Level: level}
}

// provePossession asks for the second proof, or for the first method where none is set up. Where an app takes only some
// kinds, and the person has none of them, they prove it with what they have, and then set up one that will do.
func provePossession(a Attempt, need Need, usable, enrolled []Enrolled, now time.Time) Step {
	if a.gaveUp() { // before anything narrows them: what is left may be just what was lost
		usable = kept(usable, enrolled)
	}
	if len(need.Methods) > 0 && len(usable) > 0 {
		able := slices.DeleteFunc(slices.Clone(usable), func(e Enrolled) bool { return !slices.Contains(need.Methods, e.Kind) })
		anything := Need{Fresh: Recent, Since: need.Since}
		switch {
		case len(able) > 0:
			usable = able
		case a.weak() && a.has(anything, now):
			return enrol(a, []Kind{Password}) // a method set up here would be a proof that makes the password work at once
		case a.has(anything, now):
			return enrolOne(a, need)
		}
	}
	usable = a.strongest(usable)
	switch {
	case len(usable) > 0:
		target, option := chosen(a, usable)
		return Step{Kind: Prove, Ask: target.Kind, Target: &target, Option: option, Choices: usable}
	case a.mayAddFirst() && !a.bypasses(enrolled):
		return enrolOne(a, need)
	case a.Person.Mail && !a.Recover && !a.proved(Mail):
		return Step{Kind: Prove, Ask: Mail}
	}
	return refuse(ReasonNeedsPass)
}

// enrolOne asks to set up one of the kinds that are offered and will do.
func enrolOne(a Attempt, need Need) Step {
	kinds := slices.DeleteFunc(slices.Clone(need.Offer), func(k Kind) bool { return len(need.Methods) > 0 && !slices.Contains(need.Methods, k) })
	if len(kinds) == 0 && len(need.Methods) > 0 {
		return refuse(ReasonMethods)
	}
	return enrol(a, kinds)
}

// enrol asks to set up one of the kinds, unless changes are frozen.
func enrol(a Attempt, kinds []Kind) Step {
	if a.Person.Frozen {
		return refuse(ReasonFrozen)
	}
	if len(kinds) == 0 {
		return refuse(ReasonNeedsPass)
	}
	ask := kinds[0]
	if slices.Contains(kinds, a.Enrols) {
		ask = a.Enrols
	}
	return Step{Kind: Enrol, Ask: ask, Kinds: kinds}
}

func refuse(reason string) Step { return Step{Kind: Refuse, Reason: reason} }

// possessions are the methods that can prove possession now: the default first, then in the order, then the strongest. What
// is kept for a bad day comes last.
func possessions(enrolled []Enrolled, order []Kind) []Enrolled {
	var usable []Enrolled
	for _, e := range enrolled {
		if e.Kind.Possession() && e.DisabledAt.IsZero() {
			usable = append(usable, e)
		}
	}
	rank := func(e Enrolled) int {
		ordered := slices.Index(order, e.Kind)
		switch {
		case e.Kind.spare():
			return len(order) + len(strength)
		case e.Preferred:
			return -1
		case ordered >= 0:
			return ordered
		}
		return len(order) + slices.Index(strength, e.Kind)
	}
	slices.SortStableFunc(usable, func(x, y Enrolled) int { return rank(x) - rank(y) })
	return usable
}

// forRecovery are those of the usable methods that get a forgotten password back: a new number does not yet, and what makes the
// new password work at once is asked before a phone.
func forRecovery(usable []Enrolled, now time.Time) []Enrolled {
	usable = slices.DeleteFunc(usable, func(e Enrolled) bool { return e.StartsAt.After(now) })
	rank := func(e Enrolled) int {
		switch {
		case e.Kind.spare():
			return 2
		case e.Kind == Phone:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(usable, func(x, y Enrolled) int { return rank(x) - rank(y) })
	return usable
}

// chosen is the method that the person picked, else the first.
func chosen(a Attempt, usable []Enrolled) (Enrolled, string) {
	for _, e := range usable {
		if e.ID == a.Chosen {
			return e, a.Option
		}
	}
	return usable[0], ""
}

func holds(enrolled []Enrolled, kind Kind) bool {
	return slices.ContainsFunc(enrolled, func(e Enrolled) bool { return e.Kind == kind && e.DisabledAt.IsZero() })
}
