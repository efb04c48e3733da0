// Arriving: the attempt is done, and the browser becomes a session.
package signin

import (
	"net/http"
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// started is what the browser gets once the transaction is committed.
type started struct {
	token string
	stay  bool
	user  directory.User
}

func (s *started) cookies(f *Flow, w http.ResponseWriter, r *http.Request) {
	if s.token != "" { // a sign-in elsewhere has no session here
		f.Sessions.SetCookie(w, s.token, s.stay)
	}
	f.rememberDevice(w, r, s.user)
}

// finish makes the session, in the transaction that ends the attempt: of two tabs that arrive at once, one does.
func (f *Flow) finish(tx *db.Tx, r *http.Request, a *Attempt) (err error) {
	if err := f.spendPass(tx, a); err != nil {
		return err
	}
	visit, mine := page.VisitOf(r), session.Of(r)
	switch {
	case a.Elsewhere != nil:
		err = f.finishElsewhere(tx, r, a)
	case a.Session != "":
		err = f.raiseSession(tx, r, a)
	default:
		a.started = &started{user: a.User, stay: a.Stay}
		if mine != nil { // whoever used this browser before is not signed in beside the new person
			if err := f.Sessions.End(tx, mine.User.ID, mine.ID, mine.User.ID); err != nil {
				return err
			}
		}
		err = f.startSession(tx, a, session.Origin{Address: visit.Address.String(), Agent: visit.Agent})
	}
	a.end(ReasonDone)
	return err
}

// raiseSession makes what was proved in the attempt a proof of the session that it began from.
func (f *Flow) raiseSession(tx *db.Tx, r *http.Request, a *Attempt) error {
	mine := session.Of(r)
	if mine == nil || mine.ID != a.Session {
		return problem.New(problem.Gone, "signin.refused.left") // and all that was done here with it
	}
	token, err := f.Sessions.Raise(tx, mine, a.Proofs)
	a.started = &started{token: token, stay: mine.Stay, user: a.User}
	return err
}

func (f *Flow) startSession(tx *db.Tx, a *Attempt, from session.Origin) error {
	if err := f.promote(tx, a.User); err != nil { // before the session, which it would end
		return err
	}
	token, s, err := f.Sessions.Start(tx, a.User, a.Proofs, a.Stay, from)
	if err != nil {
		return err
	}
	a.started.token = token
	if err := f.complete(tx, a, s.Agent, passwords, codes); err != nil {
		return err
	}
	if a.User.Role == directory.Administrator {
		if err := closeSetup(tx); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Event{Type: audit.SignedIn, Actor: a.User.ID, User: a.User.ID, Address: from.Address,
		Agent: s.Agent, Detail: audit.Detail{"amr": strings.Join(session.AMR(a.Proofs), " ")}})
}

// complete is what follows when somebody has proved all that was asked. Only a complete sign-in from a known browser forgets
// its wrong tries, those of the rules; a stranger's just age (threat T12).
func (f *Flow) complete(tx *db.Tx, a *Attempt, agent string, forgotten ...limit.Rule) error {
	if a.Known != "" {
		for _, rule := range forgotten {
			if err := rule.Clear(tx, f.Who(a)); err != nil {
				return err
			}
		}
	} else if !a.User.SignedInAt.IsZero() {
		if err := f.Tell(tx, a.User, "signin.notice.new-browser", nil, "browser", agent); err != nil {
			return err
		}
	}
	return directory.MarkSignedIn(tx, a.User.ID)
}
