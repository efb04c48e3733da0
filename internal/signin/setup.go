// The first administrator: the link of the first start, and what it begins.
package signin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

const setupLife = 24 * time.Hour

// SetupLink makes a link with which the first administrator signs in, as long as no administrator ever has. It lives
// for a day. Those that were made before work on: of several nodes that start at once, each prints one.
func (f *Flow) SetupLink(ctx context.Context) (address string, needed bool, err error) {
	err = f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		address = "" // of a run before
		if _, needed, err = awaited(tx); err != nil || !needed {
			return err
		}
		token, err := f.newLink(tx, linkSetup, "", setupLife)
		if err != nil {
			return err
		}
		address = f.Base + "/setup/" + token
		return audit.Record(tx, audit.Event{Type: audit.SetupLinkMade, Actor: audit.System})
	})
	return address, needed, err
}

// awaited tells whether no administrator has ever signed in, and which account is to be the first one's, if one was
// made already: by a set-up that was broken off, or at the command line.
func awaited(tx *db.Tx) (user directory.User, yes bool, err error) {
	if closed, err := setupClosed(tx); err != nil || closed {
		return user, false, err
	}
	administrators, err := directory.Administrators(tx)
	if err != nil || len(administrators) == 0 {
		return user, err == nil, err
	}
	if slices.ContainsFunc(administrators, func(u directory.User) bool { return !u.SignedInAt.IsZero() }) {
		return user, false, nil
	}
	return slices.MinFunc(administrators, func(a, b directory.User) int { return cmp.Compare(a.ID, b.ID) }), true, nil
}

type setupPage struct {
	Token                                  string
	Account                                string // of who was made already, or empty: what follows is asked
	Username, GivenName, FamilyName, Email string
}

func (f *Flow) showSetup(w http.ResponseWriter, r *http.Request) error {
	var user directory.User
	var works bool
	err := f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if works, err = f.peek(tx, r, linkSetup); err != nil || !works {
			return err
		}
		user, works, err = awaited(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case !works:
		return f.refused(w, r, nil, "link")
	}
	return f.Pages.Show(w, r, "signin/setup", setupPage{Token: r.PathValue("token"), Account: user.Username})
}

// setup makes the first administrator, whom the link has proved, or finds the one that was made already, and sends them
// on to enrol. It is closed for ever once an administrator has signed in (threat T84).
func (f *Flow) setup(w http.ResponseWriter, r *http.Request) error {
	form := setupPage{Token: r.PathValue("token"), Username: r.PostFormValue("username"), GivenName: r.PostFormValue("given_name"),
		FamilyName: r.PostFormValue("family_name"), Email: r.PostFormValue("email")}
	var to string
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to = "" // of a run before
		// Of two links that are used at once, the second waits here, and finds whom the first has made.
		if err := holdSetup(tx); err != nil {
			return err
		}
		_, found, err := f.spend(tx, r, linkSetup)
		if err != nil || !found {
			return err
		}
		user, needed, err := awaited(tx)
		if err != nil || !needed {
			return err
		}
		if user.ID != "" {
			user, err = startOver(tx, user.ID)
		} else {
			user, err = addFirst(tx, directory.User{Username: form.Username, Email: form.Email, GivenName: form.GivenName,
				FamilyName: form.FamilyName, Role: directory.Administrator, Locale: page.VisitOf(r).Locale.Code})
		}
		if err != nil {
			return err
		}
		to, err = f.Begin(tx, r, &Attempt{Typed: user.Username, User: user, Need: f.SignInNeed(),
			Proofs: []session.Proof{{Kind: string(AccessPass), Factor: session.Knowledge, AMR: []string{"otp"}, At: tx.Now}}})
		return err
	})
	switch wrong := asProblems(err); {
	case len(wrong) > 0:
		return f.Pages.Show(w, r, "signin/setup", form, page.Wrong(wrong))
	case err != nil:
		return err
	case to == "":
		return f.refused(w, r, nil, "link")
	}
	return page.Redirect(w, r, to)
}

func addFirst(tx *db.Tx, u directory.User) (directory.User, error) {
	u, err := directory.Add(tx, u)
	if err != nil {
		return u, err
	}
	return u, audit.Record(tx, audit.Event{Type: audit.UserAdded, Actor: audit.System, User: u.ID,
		Detail: audit.Detail{"role": string(u.Role)}})
}

// startOver drops what a set-up that was broken off has left: its methods, and the attempt that may still be open in
// another browser, which had a link as well.
func startOver(tx *db.Tx, id string) (directory.User, error) {
	if err := deleteAllMethods(tx, id); err != nil {
		return directory.User{}, err
	}
	if err := directory.RaiseEpoch(tx, id); err != nil {
		return directory.User{}, err
	}
	return directory.ByID(tx, id)
}

// asProblems are the problems of a form in err, or none if it is another error.
func asProblems(err error) page.Problems {
	if problem.Is(err, problem.Invalid) {
		return page.One(problem.Of(err))
	}
	return nil
}
