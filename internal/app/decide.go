// The decision: what becomes of a request. No clock, no database.
package app

import (
	"time"

	"woggle/internal/session"
	"woggle/internal/signin"
)

// Demand is what an app asks for in one request.
type Demand struct {
	Passive bool          `json:"passive,omitempty"` // nothing may be asked of the person (prompt=none, IsPassive)
	Since   time.Time     `json:"since,omitzero"`    // every factor proved at or after this (prompt=login, max_age, ForceAuthn, wfresh)
	Fresh   time.Duration `json:"fresh,omitempty"`   // possession proved no longer ago than this, besides what the app needs always
	Choose  bool          `json:"choose,omitempty"`  // the person says as whom they go on (prompt=select_account)
	Hint    string        `json:"hint,omitempty"`    // user name or address of whom the app expects
	Subject string        `json:"subject,omitempty"` // id of the user that it has to be
	Methods []signin.Kind `json:"methods,omitempty"` // only these prove possession, besides what the app needs always
	Consent bool          `json:"consent,omitempty"` // the protocol asks the person once more (prompt=consent)
}

// Reason is why nobody comes to an app.
type Reason string

// The reasons. The protocols have words of their own for them.
const (
	NotSignedIn Reason = "not-signed-in" // nobody is, and nothing may be asked
	MustAsk     Reason = "must-ask"      // more would have to be asked, and nothing may be
	WrongPerson Reason = "wrong-person"  // somebody else is signed in than it has to be
	NotAllowed  Reason = "not-allowed"   // the person may not use the app
	Unmet       Reason = "unmet"         // what it takes cannot be proved here
	Left        Reason = "left"          // the person turned back
)

type turn int

const (
	enter turn = iota
	signIn
	choose
	stepUp
	refuse
)

// facts are what a decision stands on besides the request.
type facts struct {
	session  *session.Session // nil: nobody is signed in
	named    bool             // the hint names somebody other than the person of the session
	allowed  bool             // the person of the session may use the app
	answered string           // id of the user as whom the person said to go on
	anew     bool             // the session began after the request came: by signing in, the person said as whom
	offer    []signin.Kind    // what could be set up
	now      time.Time
}

type decision struct {
	turn   turn
	need   signin.Need // stepUp
	reason Reason      // refuse
}

// decide says what becomes of a request. The rules stand in the order in which they bind.
func decide(a *App, d Demand, f facts) decision {
	if f.session == nil {
		if d.Passive {
			return decision{turn: refuse, reason: NotSignedIn}
		}
		return decision{turn: signIn}
	}
	mine := f.session.User.ID
	other, open := d.Subject != "" && d.Subject != mine, (f.named || d.Choose) && !f.anew
	switch {
	case (other || open) && d.Passive:
		return decision{turn: refuse, reason: NotSignedIn}
	case other && f.answered == mine:
		return decision{turn: refuse, reason: WrongPerson}
	case (other || open) && f.answered != mine:
		return decision{turn: choose}
	case !f.allowed:
		return decision{turn: refuse, reason: NotAllowed}
	}
	need, possible := a.need(d, f.offer)
	switch {
	case !possible:
		return decision{turn: refuse, reason: Unmet}
	case need.Met(f.session.Proofs, f.now):
		return decision{turn: enter}
	case d.Passive:
		return decision{turn: refuse, reason: MustAsk}
	}
	return decision{turn: stepUp, need: need}
}

// everySignIn is what a session has proved in any case.
func everySignIn(offer []signin.Kind) signin.Need {
	return signin.Need{Level: session.Multi, Offer: offer}
}
