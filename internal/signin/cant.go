// Getting back in: one path from "I can't sign in" to the strongest way that is left. Which ways this person has is told to
// nobody here (threat T06): the pages say what each thing that people keep is good for.
package signin

import (
	"net/http"
	"slices"
	"strings"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
)

// Have is what a person who cannot sign in still has.
type Have string

// What people may have, the strongest first. Nothing is for those who have none of them; Forgot asks only for the password.
const (
	HavePasskey Have = "passkey"
	HaveApp     Have = "app"
	HavePaper   Have = "paper"
	HavePhone   Have = "phone"
	HaveMail    Have = "mail"
	HaveNothing Have = "nothing"
	Forgot      Have = "forgot"
)

// haves are what this server knows a way in for.
func (f *Flow) haves() (all []Have) {
	there := func(kinds ...Kind) bool {
		return slices.ContainsFunc(kinds, func(k Kind) bool { return f.methods[k] != nil })
	}
	if there(Passkey) {
		all = append(all, HavePasskey)
	}
	if there(Authenticator) {
		all = append(all, HaveApp)
	}
	if there(Recovery, Card) {
		all = append(all, HavePaper)
	}
	if there(Phone) {
		all = append(all, HavePhone)
	}
	return append(all, HaveMail, HaveNothing)
}

// links tells whether the mailed link of a forgotten password is a part of the way.
func (h Have) links() bool { return h != HavePasskey && h != HaveMail && h != HaveNothing }

type cantPage struct {
	Attempt string // that was left for this page, or empty
	Name    string // that was typed in it
	Haves   []Have
	Have    Have // that was chosen
	Link    bool // a link is mailed
}

// cantPage is the page's data, with the attempt that the person comes from, if it is of this browser.
func (f *Flow) cantPage(r *http.Request, have Have) (data cantPage, err error) {
	data = cantPage{Haves: f.haves(), Have: have, Link: have.links()}
	err = f.DB.View(r.Context(), func(tx *db.Tx) error {
		a, err := f.find(tx, r, r.FormValue("a"))
		if err == nil && a != nil {
			data.Attempt, data.Name = a.ID, a.Typed
		}
		return err
	})
	return data, err
}

// showCant asks what is left.
func (f *Flow) showCant(w http.ResponseWriter, r *http.Request) error {
	data, err := f.cantPage(r, "")
	if err != nil {
		return err
	}
	return f.Pages.Show(w, r, "signin/cant", data)
}

// showHave is the way in for what is left.
func (f *Flow) showHave(w http.ResponseWriter, r *http.Request) error {
	have := Have(r.PathValue("have"))
	if !slices.Contains(f.haves(), have) {
		return problem.New(problem.NotFound, "error.not-found")
	}
	return f.askHave(w, r, have)
}

// showForgot is the way in for whoever knows that it is the password that they lack.
func (f *Flow) showForgot(w http.ResponseWriter, r *http.Request) error {
	return f.askHave(w, r, Forgot)
}

func (f *Flow) askHave(w http.ResponseWriter, r *http.Request, have Have) error {
	data, err := f.cantPage(r, have)
	if err != nil {
		return err
	}
	return f.Pages.Show(w, r, "signin/have", data)
}

// forgot mails a link. What it answers never tells whether it did (threat T06).
func (f *Flow) forgot(w http.ResponseWriter, r *http.Request) error {
	typed, p := strings.TrimSpace(r.PostFormValue("username")), (*problem.Problem)(nil)
	if p = checkTyped(typed); p == nil {
		err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
			p = nil // of a run before
			a, err := f.named(tx, r, typed)
			if err != nil {
				return err
			}
			wait, err := places(a, forgotAddress, forgotNetwork).admit(tx, a)
			if err != nil {
				return err
			}
			if wait > 0 {
				p = problemTooManyHere(wait)
				return nil
			}
			return f.sendRecovery(tx, a)
		})
		if err != nil {
			return err
		}
	}
	have := Have(r.PostFormValue("have"))
	if !slices.Contains(f.haves(), have) || !have.links() {
		have = Forgot
	}
	data := cantPage{Have: have, Link: true, Name: typed, Haves: f.haves()}
	if p != nil {
		return f.Pages.Show(w, r, "signin/have", data, page.Wrong(page.One(p)))
	}
	return f.Pages.Show(w, r, "signin/forgot-sent", data)
}
