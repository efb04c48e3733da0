// Links: sent by e-mail, or printed at the first start. Opening one changes nothing, because mail scanners open them
// too; the button on its page does.
package signin

import (
	"context"
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

const (
	linkRecover = "recover"
	linkNotMe   = "not-me"
	linkSetup   = "setup"
)

func (f *Flow) newLink(tx *db.Tx, purpose, user string, life time.Duration) (token string, err error) {
	token = db.NewToken()
	return token, insertLink(tx, f.Keys.MAC("link", token), purpose, user, life)
}

type linkPage struct {
	Token                                  string
	Username, GivenName, FamilyName, Email string // of the first administrator
}

// showLink is the page of a link that works, or the page of one that does not.
func (f *Flow) showLink(w http.ResponseWriter, r *http.Request, purpose, name string) error {
	token, found := r.PathValue("token"), false
	err := f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		for _, mac := range f.Keys.Lookups("link", token) {
			if _, found, err = peekLink(tx, mac, purpose); err != nil || found {
				return err
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !found:
		return f.refused(w, r, nil, "link")
	}
	return f.Pages.Show(w, r, name, linkPage{Token: token})
}

// spend uses a link up and gives its user. Of two presses at once, one finds it.
func (f *Flow) spend(tx *db.Tx, r *http.Request, purpose string) (user string, found bool, err error) {
	for _, mac := range f.Keys.Lookups("link", r.PathValue("token")) {
		if user, found, err = useLink(tx, mac, purpose); err != nil || found {
			return user, found, err
		}
	}
	return "", false, nil
}

func (f *Flow) showNotMe(w http.ResponseWriter, r *http.Request) error {
	return f.showLink(w, r, linkNotMe, "signin/not-me")
}

// notMe is "this wasn't me": nothing may be changed any more, every session ends, and the administrators are told.
func (f *Flow) notMe(w http.ResponseWriter, r *http.Request) error {
	found := false
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		var user string
		if user, found, err = f.spend(tx, r, linkNotMe); err != nil || !found {
			return err
		}
		return f.Freeze(tx, user)
	})
	switch {
	case err != nil:
		return err
	case !found:
		return f.refused(w, r, nil, "link")
	}
	f.Sessions.ClearCookie(w)
	return f.Pages.Show(w, r, "signin/not-me-done", nil)
}

// Freeze forbids every change of the user's methods, ends all sessions and tells the administrators.
func (f *Flow) Freeze(tx *db.Tx, id string) error {
	user, err := directory.ByID(tx, id)
	if err != nil {
		return err
	}
	if err := directory.Freeze(tx, id); err != nil {
		return err
	}
	if err := dropLinks(tx, linkNotMe, id); err != nil {
		return err
	}
	if err := directory.RaiseEpoch(tx, id); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Event{Type: audit.NotMe, Actor: id, User: id}); err != nil {
		return err
	}
	administrators, err := directory.Administrators(tx)
	if err != nil {
		return err
	}
	for _, administrator := range administrators {
		if err := f.Tell(tx, administrator, "signin.notice.frozen", nil, "person", user.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) showForgot(w http.ResponseWriter, r *http.Request) error {
	return f.Pages.Show(w, r, "signin/forgot", namePage{})
}

// forgot mails a link. What it answers never tells whether it did (threat T06).
func (f *Flow) forgot(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostFormValue("username")
	if p := checkTyped(typed); p != nil {
		return f.Pages.Show(w, r, "signin/forgot", namePage{Name: typed}, page.Wrong(page.One(p)))
	}
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		user, _, err := directory.Find(tx, typed)
		if err != nil {
			return err
		}
		// Counted by name for everybody alike; past the bound nothing is sent, and nothing else is said.
		wait, err := recoveries.Take(tx, f.Who(&Attempt{Typed: typed, User: user}))
		if err != nil || wait > 0 {
			return err
		}
		return f.sendRecovery(tx, user)
	})
	if err != nil {
		return err
	}
	return f.Pages.Show(w, r, "signin/forgot-sent", nil)
}

func (f *Flow) showRecover(w http.ResponseWriter, r *http.Request) error {
	return f.showLink(w, r, linkRecover, "signin/recover")
}

// recover starts an attempt in which the link is the first proof. The second step is asked as always: a password is
// never set with the mailbox alone (threat T43).
func (f *Flow) recover(w http.ResponseWriter, r *http.Request) error {
	var to string
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to = "" // of a run before
		id, found, err := f.spend(tx, r, linkRecover)
		if err != nil || !found {
			return err
		}
		user, err := directory.ByID(tx, id)
		if err != nil {
			return err
		}
		a := &Attempt{Typed: user.Username, User: user, Recover: true, Need: f.SignInNeed(), Known: f.KnownDevice(r, user),
			Proofs: []session.Proof{{Kind: string(MailLink), At: tx.Now}}}
		to, err = f.Begin(tx, r, a)
		return err
	})
	switch {
	case err != nil:
		return err
	case to == "":
		return f.refused(w, r, nil, "link")
	}
	return f.redirect(w, r, to)
}

// SetupLink makes the link with which the first administrator signs in, while there is none; making one voids the
// last. It lives for a day.
func (f *Flow) SetupLink(ctx context.Context) (address string, needed bool, err error) {
	err = f.DB.Tx(ctx, func(tx *db.Tx) error {
		address, needed = "", false // of a run before
		administrators, err := directory.Administrators(tx)
		if err != nil || len(administrators) > 0 {
			return err
		}
		needed = true
		if err := dropLinks(tx, linkSetup, ""); err != nil {
			return err
		}
		token, err := f.newLink(tx, linkSetup, "", 24*time.Hour)
		if err != nil {
			return err
		}
		address = f.Base + "/setup/" + token
		return audit.Record(tx, audit.Event{Type: audit.SetupLinkMade, Actor: audit.System})
	})
	return address, needed, err
}

func (f *Flow) showSetup(w http.ResponseWriter, r *http.Request) error {
	return f.showLink(w, r, linkSetup, "signin/setup")
}

// setup makes the first administrator, whom the link has proved, and sends them on to enrol. It is closed for ever
// once there is an administrator (threat T84).
func (f *Flow) setup(w http.ResponseWriter, r *http.Request) error {
	form := linkPage{Token: r.PathValue("token"), Username: r.PostFormValue("username"), GivenName: r.PostFormValue("given_name"),
		FamilyName: r.PostFormValue("family_name"), Email: r.PostFormValue("email")}
	var to string
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to = "" // of a run before
		_, found, err := f.spend(tx, r, linkSetup)
		if err != nil || !found {
			return err
		}
		if administrators, err := directory.Administrators(tx); err != nil || len(administrators) > 0 {
			return err
		}
		user, err := directory.Add(tx, directory.User{Username: form.Username, Email: form.Email, GivenName: form.GivenName,
			FamilyName: form.FamilyName, Role: directory.Administrator, Locale: page.VisitOf(r).Locale.Code})
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
	return f.redirect(w, r, to)
}

// asProblems are the problems of a form in err, or none if it is another error.
func asProblems(err error) page.Problems {
	if problem.Is(err, problem.Invalid) {
		return page.One(problem.Of(err))
	}
	return nil
}
