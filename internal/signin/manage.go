// Adding, changing and removing methods: each change is recorded and told in the transaction that makes it.
package signin

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/session"
)

func problemPassSpent() *problem.Problem { return problem.New(problem.Gone, "signin.pass-spent") }

// Alter gives the person whose things are to be changed, as they stand now and until the transaction is over (see
// directory.Hold). Its error is Forbidden after "this wasn't me", until somebody allows changes again.
func Alter(tx *db.Tx, id string) (directory.User, error) {
	user, err := directory.Hold(tx, id)
	if err == nil && user.Frozen() {
		err = problem.New(problem.Forbidden, "signin.refused.frozen")
	}
	return user, err
}

// AddMethod stores a method that the person has just proved, and makes it a proof of this attempt. The one that it
// replaces goes in the same transaction, and not before. Where there are as many as there may be, the attempt ends and
// says so.
func (f *Flow) AddMethod(tx *db.Tx, a *Attempt, e Enrolled, proof session.Proof) error {
	first, replaced := a.First(), a.Method(a.Need.Replaces)
	if replaced != nil && replaced.Kind != e.Kind {
		replaced = nil
	}
	// This binds only who adds one more while signed in: who is still on the way in could not remove one first.
	if replaced == nil && a.Session != "" && f.count(a, e.Kind) >= e.Kind.Most() {
		a.end(ReasonFull)
		return nil
	}
	if err := f.spendPass(tx, a); err != nil {
		return err
	}
	event, notice := audit.MethodAdded, "signin.notice.method-added"
	switch {
	case replaced != nil:
		event, notice = audit.MethodUpdated, "signin.notice.method-updated"
		e.Preferred, e.Name = replaced.Preferred, cmp.Or(e.Name, replaced.Name)
	case first:
		notice = "signin.notice.first-method"
	}
	if (first || a.gaveUp()) && !e.Kind.spare() { // the next sign-in is not to ask for what is lost
		e.Preferred = true
	}
	if !first && e.Kind == Phone {
		// A new number can't get a forgotten password back for a day: it may have been put there by a thief, and the
		// owner has until then to answer the notice (threat T25).
		e.StartsAt = tx.Now.Add(24 * time.Hour)
	}
	e.User = a.User.ID
	if err := InsertMethod(tx, e); err != nil {
		return err
	}
	if e.Preferred {
		if err := prefer(tx, e.User, e.ID); err != nil {
			return err
		}
	}
	// Told before the old method is gone: whoever still has the old phone is the one to know.
	if err := f.Tell(tx, a.User, notice, []string{e.ID}, "method", f.kindText(a.User, e.Kind)); err != nil {
		return err
	}
	if replaced != nil {
		if err := f.dropMethod(tx, a.User.ID, replaced.ID, a.Session); err != nil {
			return err
		}
	}
	return f.methodAdded(tx, a, e, proof, event)
}

// methodAdded is what follows in the attempt.
func (f *Flow) methodAdded(tx *db.Tx, a *Attempt, e Enrolled, proof session.Proof, event audit.Type) error {
	if a.First() {
		// The first-use password has done its work: it never adds a method again.
		if err := directory.EndFirstUse(tx, a.User.ID); err != nil {
			return err
		}
	}
	proof.Method = e.ID
	a.Proved(proof)
	a.Added = append(a.Added, Added{Kind: e.Kind, ID: e.ID, Hint: e.Hint})
	if err := f.record(tx, a, event, audit.Detail{"method": string(e.Kind), "hint": e.Hint}); err != nil {
		return err
	}
	return f.facts(tx, a)
}

// SetPassword stores the person's new password hash, sealed by its chapter, and ends every other session.
func (f *Flow) SetPassword(tx *db.Tx, user directory.User, sealed Enrolled, keepSession string, event audit.Type) error {
	user, err := Alter(tx, user.ID)
	if err != nil {
		return err
	}
	for _, kind := range []Kind{Password, NextPassword} {
		if err := DeleteMethods(tx, user.ID, kind); err != nil {
			return err
		}
	}
	sealed.User, sealed.Kind = user.ID, Password
	if err := InsertMethod(tx, sealed); err != nil {
		return err
	}
	if err := directory.EndFirstUse(tx, user.ID); err != nil {
		return err
	}
	if err := f.Sessions.EndOthers(tx, user.ID, keepSession, user.ID); err != nil {
		return err
	}
	if err := dropLinks(tx, linkRecover, user.ID); err != nil {
		return err
	}
	if err := f.Tell(tx, user, "signin.notice.password", nil); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: event, Actor: user.ID, User: user.ID})
}

// PasswordAdded marks the attempt's password as set and proved.
func (f *Flow) PasswordAdded(tx *db.Tx, a *Attempt, proof session.Proof) error {
	a.Proved(proof)
	a.Added = append(a.Added, Added{Kind: Password, ID: proof.Method})
	return f.facts(tx, a)
}

// MethodName is what a person may call a method: up to 50 characters of any script, without what is not seen.
func MethodName(typed string) (string, *problem.Problem) {
	name := directory.Tidy(typed)
	if name == "" || utf8.RuneCountInString(name) > 50 || directory.CheckPersonName(name) != nil {
		return "", problem.Field("name", "signin.name-of-method")
	}
	return name, nil
}

// RenameMethod gives a method of the user, whom Alter gave, the name that the person calls it by.
func (f *Flow) RenameMethod(tx *db.Tx, user directory.User, id, name string) error {
	name, p := MethodName(name)
	if p != nil {
		return p
	}
	if found, err := rename(tx, user.ID, id, name); err != nil || !found {
		return orNotFound(err)
	}
	return audit.Record(tx, audit.Event{Type: audit.MethodRenamed, Actor: user.ID, User: user.ID, Detail: audit.Detail{"name": name}})
}

// RemoveMethod removes a method of the user, whom Alter gave, but never the last one that can prove possession: the person
// would be locked out. A card, whose time ends, is no other way but to another card.
func (f *Flow) RemoveMethod(tx *db.Tx, user directory.User, id, keepSession string) error {
	enrolled, err := Methods(tx, user.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(enrolled, func(e Enrolled) bool { return e.ID == id && e.Kind.Possession() })
	if at < 0 {
		return problem.New(problem.NotFound, "signin.no-such-method")
	}
	gone, left := enrolled[at], possessions(slices.Delete(slices.Clone(enrolled), at, at+1), nil)
	lasts := func(e Enrolled) bool { return !e.Kind.spare() && (e.ExpiresAt.IsZero() || !gone.ExpiresAt.IsZero()) }
	if gone.DisabledAt.IsZero() && !gone.Kind.spare() && !slices.ContainsFunc(left, lasts) {
		return problem.New(problem.Invalid, "signin.last-method")
	}
	// Told while the method is still there, so that it carries the news as well.
	if err := f.Tell(tx, user, "signin.notice.method-removed", nil, "method", f.kindText(user, gone.Kind)); err != nil {
		return err
	}
	if err := f.dropMethod(tx, user.ID, id, keepSession); err != nil {
		return err
	}
	if gone.Preferred { // then it is not spare, so another is left
		if err := prefer(tx, user.ID, left[0].ID); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Event{Type: audit.MethodRemoved, Actor: user.ID, User: user.ID,
		Detail: audit.Detail{"method": string(gone.Kind), "hint": gone.Hint}})
}

// PreferMethod makes a method of the user, whom Alter gave, the one that is asked first.
func (f *Flow) PreferMethod(tx *db.Tx, user directory.User, id string) error {
	enrolled, err := Methods(tx, user.ID)
	if err != nil {
		return err
	}
	for _, e := range possessions(enrolled, nil) {
		if e.ID != id || e.Kind.spare() {
			continue
		}
		if err := prefer(tx, user.ID, id); err != nil {
			return err
		}
		if err := f.Tell(tx, user, "signin.notice.default", nil, "method", f.kindText(user, e.Kind)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Event{Type: audit.DefaultChanged, Actor: user.ID, User: user.ID,
			Detail: audit.Detail{"method": string(e.Kind), "hint": e.Hint}})
	}
	return problem.New(problem.NotFound, "signin.no-such-method")
}

// dropMethod deletes a method, and ends the sessions that may have been made with it.
func (f *Flow) dropMethod(tx *db.Tx, user, id, keepSession string) error {
	if _, err := DeleteMethod(tx, user, id); err != nil {
		return err
	}
	return f.Sessions.EndOthers(tx, user, keepSession, user)
}

func (f *Flow) kindText(user directory.User, kind Kind) string {
	return f.text(user, "signin.kind."+string(kind))
}

func (f *Flow) count(a *Attempt, kind Kind) (n int) {
	for _, e := range a.Enrolled {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return problem.New(problem.NotFound, "signin.no-such-method")
}
