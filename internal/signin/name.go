// Who are you: the first page. And the smaller turns: another way, another kind, leaving.
package signin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

type namePage struct {
	Name  string
	To    string
	Touch *Touch
}

func (f *Flow) askName(w http.ResponseWriter, r *http.Request, to, typed string, problems page.Problems) error {
	return f.Pages.Show(w, r, "signin/name", namePage{Name: typed, To: to, Touch: f.touch("", to)}, page.Wrong(problems))
}

// identify takes the user name and starts an attempt, for a name that nobody has just the same (threat T06).
func (f *Flow) identify(w http.ResponseWriter, r *http.Request) error {
	typed, to := strings.TrimSpace(r.PostFormValue("username")), LocalPath(r.PostFormValue("to"))
	if p := checkTyped(typed); p != nil {
		return f.askName(w, r, to, typed, page.One(p))
	}
	var next string
	var wait time.Duration
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		a, err := f.named(tx, r, typed)
		if err != nil {
			return err
		}
		if wait, err = f.startBounds(a).admit(tx, a); err != nil || wait > 0 {
			return err
		}
		a.ReturnTo, a.Need = to, f.SignInNeed()
		next, err = f.Begin(tx, r, a)
		return err
	})
	switch {
	case err != nil:
		return err
	case wait > 0:
		return f.askName(w, r, to, typed, page.One(problemTooManyHere(wait)))
	}
	return page.Redirect(w, r, next)
}

// named is an attempt of whoever has the name, which may be nobody, in the visitor's browser.
func (f *Flow) named(tx *db.Tx, r *http.Request, typed string) (*Attempt, error) {
	user, _, err := directory.Find(tx, typed)
	if err != nil {
		return nil, err
	}
	a := &Attempt{Typed: typed, User: user, visit: page.VisitOf(r)}
	if user.ID != "" {
		a.Known = f.KnownDevice(r, user)
	}
	return a, nil
}

func checkTyped(typed string) *problem.Problem {
	switch {
	case typed == "":
		return problem.Field("username", "signin.name-missing")
	case len(typed) > 320 || !utf8.ValidString(typed) || strings.ContainsAny(typed, "\x00\r\n"):
		return problem.Field("username", "signin.name-odd")
	}
	return nil
}

// SignInNeed is what every sign-in requires.
func (f *Flow) SignInNeed() Need {
	return Need{Level: session.Multi, Offer: f.Offer(), Details: true}
}

// Offer are the kinds that may be set up as a first method, the suggested first, as far as this server can serve them now.
func (f *Flow) Offer() []Kind { return f.able(Phone, Authenticator, Passkey) }

// Additions are the kinds that somebody who has a method may set up besides, the strongest first.
func (f *Flow) Additions() []Kind { return f.able(Passkey, Authenticator, Phone, Recovery) }

func (f *Flow) able(wanted ...Kind) (kinds []Kind) {
	for _, kind := range wanted {
		m, there := f.methods[kind]
		if able, ok := m.(interface{ Able() bool }); there && (!ok || able.Able()) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// Allows tells whether methods of the kind can be used here and the policy has nothing against them.
func (f *Flow) Allows(ctx context.Context, kind Kind) (allowed bool, err error) {
	if len(f.able(kind)) == 0 {
		return false, nil
	}
	err = f.DB.View(ctx, func(tx *db.Tx) error {
		policy, err := PolicyNow(tx)
		allowed = policy.allows(kind)
		return err
	})
	return allowed, err
}

type waysPage struct {
	Form
	Ways []choice
}

type choice struct {
	Way
	ID string // of the method
}

// ways are all that a step's methods can be used in.
func (f *Flow) ways(r *http.Request, step Step) (all []choice) {
	for _, e := range step.Choices {
		if d, ok := f.methods[e.Kind].(Describer); ok {
			for _, way := range d.Ways(e, page.VisitOf(r).Locale) {
				all = append(all, choice{Way: way, ID: e.ID})
			}
		}
	}
	return all
}

// showWays lists every way to prove it.
func (f *Flow) showWays(w http.ResponseWriter, r *http.Request) error {
	a, step, err := f.Look(r, r.URL.Query().Get("a"))
	switch {
	case err != nil:
		return err
	case a == nil:
		return f.refused(w, r, nil, ReasonUnknown)
	case step.Kind != Prove || step.Target == nil:
		return page.Redirect(w, r, f.address(a))
	}
	f.hurry(w, a)
	return f.Pages.Show(w, r, "signin/ways", waysPage{Form: f.Form(a, step), Ways: f.ways(r, step)})
}

// chooseWay picks one of the ways that would do; any other is ignored.
func (f *Flow) chooseWay(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Prove, "", func(_ *db.Tx, a *Attempt, step Step) error {
		for _, way := range f.ways(r, step) {
			if r.PostFormValue("way") == way.ID+":"+way.Option {
				a.Chosen, a.Option = way.ID, way.Option
			}
		}
		return nil
	})
}

// chooseEnrol picks the kind that is set up; one that is not offered is ignored.
func (f *Flow) chooseEnrol(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Enrol, "", func(_ *db.Tx, a *Attempt, step Step) error {
		if kind := Kind(r.PostFormValue("kind")); slices.Contains(step.Kinds, kind) {
			a.Enrols = kind
		}
		return nil
	})
}

// lost is "I don't have any of these any more", which an access pass makes possible.
func (f *Flow) lost(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Prove, "", func(_ *db.Tx, a *Attempt, _ Step) error {
		a.Lost = !a.Alone // which counts only beside an access pass
		return nil
	})
}

// leave ends the attempt because the person wants to. What was proved on the way stays proved: it was proved in this
// session, and who turns back at the next page is not to be asked again a minute later.
func (f *Flow) leave(w http.ResponseWriter, r *http.Request) error {
	var to string
	var raised *started
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		to, raised = "", nil // of a run before
		a, err := f.load(tx, r, r.PostFormValue("a"))
		if err != nil || a == nil || a.Ended != "" {
			return err
		}
		if a.Session != "" {
			to = a.ReturnTo
			if session.Since(a.Proofs, session.Possession, session.Newest(session.Of(r).Proofs).Add(time.Millisecond)) {
				// A pass that the session has now is a pass that was used.
				if err := f.spendPass(tx, a); err != nil {
					return err
				}
				if err := f.raiseSession(tx, r, a); err != nil {
					return err
				}
			}
			raised = a.started
		}
		if a.Elsewhere != nil {
			to = a.ReturnTo // which tells the site
		}
		a.end(ReasonLeft)
		return f.save(tx, a)
	})
	if err != nil {
		return err
	}
	if raised != nil {
		raised.cookies(f, w, r)
	}
	return page.Redirect(w, r, LocalPath(to))
}
