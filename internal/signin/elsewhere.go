// A sign-in elsewhere: another site has seen the first proof, and asks us for the second.
package signin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/session"
)

// Elsewhere is the sign-in at another site that an attempt is a part of. Such an attempt begins with a proof of the kind
// Outside, which that site vouches for; it asks for one proof of possession and for nothing else, and ends without a
// session: whoever began it takes its Outcome.
type Elsewhere struct {
	By    string    `json:"by"`              // who asks, as pages name them
	Until time.Time `json:"until"`           // from then on nobody waits for the outcome
	Taken bool      `json:"taken,omitempty"` // the outcome was given out
}

// nextElsewhere decides the step of an attempt whose person is known and active. Nothing is set up, no mail is sent and no
// detail is asked on another site's word: whoever has a stolen password there would have a way in here.
func nextElsewhere(a Attempt, need Need, usable []Enrolled, now time.Time) Step {
	usable = slices.DeleteFunc(usable, func(e Enrolled) bool { return len(need.Methods) > 0 && !slices.Contains(need.Methods, e.Kind) })
	usable = a.strongest(usable)
	level := session.LevelOf(a.Proofs)
	switch {
	case a.has(need, now) && level >= need.Level:
		return Step{Kind: Done, Level: level}
	case len(usable) == 0:
		return refuse(ReasonNoMethod)
	}
	target, option := chosen(a, usable)
	return Step{Kind: Prove, Ask: target.Kind, Target: &target, Option: option, Choices: usable}
}

// finishElsewhere ends the attempt as a sign-in ends, but for the session: whose browser this is stays as it was.
func (f *Flow) finishElsewhere(tx *db.Tx, r *http.Request, a *Attempt) error {
	a.started = &started{user: a.User}
	if err := f.complete(tx, a, session.Browser(page.VisitOf(r).Agent), codes); err != nil {
		return err
	}
	return f.record(tx, a, audit.ProvedElsewhere, audit.Detail{"amr": strings.Join(session.AMR(a.Proofs), " "), "name": a.Elsewhere.By})
}

// Outcome tells where the attempt with the id, of this browser, stands; when it is done, it gives what was proved, once. What
// was true when it was done has to be true still: somebody disabled meanwhile, or a phone that was taken away, proves nothing.
func (f *Flow) Outcome(tx *db.Tx, r *http.Request, id string) (Step, []session.Proof, error) {
	a, err := f.find(tx, r, id)
	if err != nil || a == nil || a.Elsewhere == nil {
		return refuse(ReasonUnknown), nil, err
	}
	done := a.Ended == ReasonDone && !a.Elsewhere.Taken
	if done {
		a.Ended = "" // judged anew
	}
	if err := f.facts(tx, a); err != nil {
		return Step{}, nil, err
	}
	step := Next(*a, a.Need, a.Enrolled, tx.Now)
	if !done {
		return step, nil, nil
	}
	a.Elsewhere.Taken = true
	a.end(ReasonDone)
	if step.Kind == Done {
		return step, a.Proofs, saveAttempt(tx, a)
	}
	if step.Kind != Refuse {
		step = refuse(ReasonLeft)
	}
	return step, nil, saveAttempt(tx, a)
}

// hurry makes the page of an attempt that somebody waits for end in time, without script: the browser goes back there.
func (f *Flow) hurry(w http.ResponseWriter, a *Attempt) {
	if left := f.left(a); a.Elsewhere != nil {
		w.Header().Set("Refresh", fmt.Sprintf("%d; url=%s", int(left/time.Second)+1, LocalPath(a.ReturnTo)))
	}
}

// left is how long the outcome is still waited for.
func (f *Flow) left(a *Attempt) time.Duration {
	if a.Elsewhere == nil {
		return 0
	}
	return max(0, a.Elsewhere.Until.Sub(f.DB.Now()))
}
