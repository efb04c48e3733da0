// Links: sent by e-mail, or printed at the first start (setup.go). Opening one changes nothing, because mail scanners open them
// too; the button on its page does.
package signin

import (
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
)

const (
	linkRecover = "recover"
	linkNotMe   = "not-me"
	linkSetup   = "setup"
)

func (f *Flow) newLink(tx *db.Tx, purpose, user string, life time.Duration) (token string, err error) {
	token = db.NewToken()[:26] // 130 bits: more than anybody guesses, and short enough for a text
	return token, insertLink(tx, f.Keys.MAC("link", token), purpose, user, life)
}

type linkPage struct{ Token string }

// showLink is the page of a link that works, or the page of one that does not.
func (f *Flow) showLink(w http.ResponseWriter, r *http.Request, purpose, name string) error {
	found := false
	err := f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		found, err = f.peek(tx, r, purpose)
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return f.refused(w, r, nil, "link")
	}
	return f.Pages.Show(w, r, name, linkPage{Token: r.PathValue("token")})
}

// peek tells whether a link works, and changes nothing.
func (f *Flow) peek(tx *db.Tx, r *http.Request, purpose string) (found bool, err error) {
	for _, mac := range f.Keys.Lookups("link", r.PathValue("token")) {
		if found, err = peekLink(tx, mac, purpose); err != nil || found {
			return found, err
		}
	}
	return false, nil
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

// Freeze forbids every change of the user's methods, ends all sessions and tells the administrators. Said again, it ends
// what was begun since; the rest is done.
func (f *Flow) Freeze(tx *db.Tx, id string) error {
	user, err := directory.Hold(tx, id)
	if err != nil {
		return err
	}
	if err := dropLinks(tx, linkNotMe, id); err != nil {
		return err
	}
	if _, err := dropWaiting(tx, id); err != nil { // a password that they did not choose must not come into force
		return err
	}
	if err := directory.RaiseEpoch(tx, id); err != nil || user.Frozen() {
		return err
	}
	if err := directory.Freeze(tx, id); err != nil {
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
	return page.Redirect(w, r, to)
}
