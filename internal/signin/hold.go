// The hold: a password that was got back with a mailbox and a telephone number alone works a day later (threats T25 and T43).
//
// Whoever has taken somebody's number, by a talk with a telephone company, mostly has the mailbox as well, because that is got
// back with the number. The owner still has their old password, and a day to answer the notice; see
// docs/decisions/getting-back-in.md.
package signin

import (
	"net/http"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
)

// NextPassword is a password that waits: it is none until its StartsAt, and from then on takes the place of the one before
// (Methods). It has a row of its own, so that the old one works in the meantime: who asks for a new one in somebody's name
// locks nobody out.
const NextPassword Kind = "next-password"

// hold is how long a password waits that was got back weakly.
const hold = 24 * time.Hour

// weak tells whether the forgotten password is being got back with nothing but a mailbox and a number: two things that one
// thief has who has the number. An app, a passkey, a printed code and an access pass are each something else.
func (a Attempt) weak() bool {
	return a.Recover && a.proved(MailLink) && !slices.ContainsFunc(a.Proofs, func(p session.Proof) bool {
		return p.Factor == session.Possession && Kind(p.Kind) != Phone || Kind(p.Kind) == AccessPass
	})
}

// settled is what a person's methods are at the time: a password whose wait is over is the password.
func settled(all []Enrolled, now time.Time) []Enrolled {
	i := slices.IndexFunc(all, func(e Enrolled) bool { return e.Kind == NextPassword && !e.StartsAt.After(now) })
	if i < 0 {
		return all
	}
	all[i].Kind = Password
	next := all[i].ID
	return slices.DeleteFunc(all, func(e Enrolled) bool { return e.Kind == Password && e.ID != next })
}

// WaitingPassword is the password that waits, or nil.
func WaitingPassword(enrolled []Enrolled) *Enrolled {
	for i := range enrolled {
		if enrolled[i].Kind == NextPassword {
			return &enrolled[i]
		}
	}
	return nil
}

// ChoosePassword stores the password that the attempt's person has just chosen, sealed by its chapter: at once, or, if it was
// got back weakly, to work in a day.
func (f *Flow) ChoosePassword(tx *db.Tx, a *Attempt, sealed Enrolled, proof session.Proof) error {
	if !a.weak() {
		if err := f.SetPassword(tx, a.User, sealed, a.Session, audit.PasswordSet); err != nil {
			return err
		}
		return f.PasswordAdded(tx, a, proof)
	}
	user, err := Alter(tx, a.User.ID)
	if err != nil {
		return err
	}
	if _, err := dropWaiting(tx, user.ID); err != nil { // one that is in force is not among them
		return err
	}
	if err := f.promote(tx, user); err != nil {
		return err
	}
	sealed.User, sealed.Kind, sealed.StartsAt = user.ID, NextPassword, tx.Now.Add(hold)
	if err := InsertMethod(tx, sealed); err != nil {
		return err
	}
	if err := dropLinks(tx, linkRecover, user.ID); err != nil {
		return err
	}
	if err := f.Tell(tx, user, "signin.notice.password-waits", nil, "moment", f.moment(user, sealed.StartsAt, tx.Now)); err != nil {
		return err
	}
	if err := f.record(tx, a, audit.PasswordWaits, nil); err != nil {
		return err
	}
	a.Added = append(a.Added, Added{Kind: Password, ID: sealed.ID})
	return f.facts(tx, a)
}

// moment is a time in the person's words.
func (f *Flow) moment(user directory.User, at, now time.Time) string {
	l := f.Pages.Locales.Find(user.Locale)
	if l == nil {
		l = f.Pages.Locales.Find("en")
	}
	return l.Moment(at, now)
}

// promote makes a password whose wait is over the only one in the database too, and ends what was begun with the one before.
func (f *Flow) promote(tx *db.Tx, user directory.User) error {
	came, err := promoteNext(tx, user.ID)
	if err != nil || !came {
		return err
	}
	if err := directory.EndFirstUse(tx, user.ID); err != nil {
		return err
	}
	if err := f.Sessions.EndOthers(tx, user.ID, "", user.ID); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.PasswordSet, Actor: user.ID, User: user.ID})
}

// KeepPassword throws a password away that waits: the owner has the old one still, or says that the new one is not theirs.
// It tells whether there was one.
func (f *Flow) KeepPassword(tx *db.Tx, user directory.User) (bool, error) {
	dropped, err := dropWaiting(tx, user.ID)
	if err != nil || !dropped {
		return false, err
	}
	if err := f.Tell(tx, user, "signin.notice.password-kept", nil); err != nil {
		return false, err
	}
	return true, audit.Record(tx, audit.Event{Type: audit.PasswordKept, Actor: user.ID, User: user.ID})
}

type heldPage struct {
	Attempt string
	When    string
}

// showHeld says when the new password works, and how to be in sooner.
func (f *Flow) showHeld(w http.ResponseWriter, r *http.Request, a *Attempt) error {
	data := heldPage{Attempt: a.ID}
	if waiting := WaitingPassword(a.Enrolled); waiting != nil {
		data.When = page.VisitOf(r).Locale.Moment(waiting.StartsAt, f.DB.Now())
	}
	return f.Pages.Show(w, r, "signin/held", data)
}
