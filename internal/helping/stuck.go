// Somebody who is stuck, followed by the three words that they read out.
package helping

import (
	"net/http"
	"strings"

	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
	"woggle/internal/words"
)

// hear takes three words. Those of nobody, and those of somebody who is not theirs, are answered alike.
func (h *Helping) hear(w http.ResponseWriter, r *http.Request) error {
	said, strange := words.Read(r.PostFormValue("words"))
	switch {
	case strange != "":
		return h.askPeople(w, r, problem.Field("words", "helping.words.strange", problem.Args{"word": strange}))
	case said == nil:
		return h.askPeople(w, r, problem.Field("words", "helping.words.three"))
	}
	var id string
	var wrong *problem.Problem
	err := h.DB.Tx(r.Context(), func(tx *db.Tx) error {
		found, wait, err := h.Flow.Hear(tx, session.Of(r).User, said)
		id, wrong = found, nil
		switch {
		case wait > 0:
			wrong = problem.Field("words", "helping.words.wait").After(wait)
			wrong.Kind = problem.Limited
		case found == "":
			wrong = problem.Field("words", "helping.words.none")
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return h.askPeople(w, r, wrong)
	}
	return page.Redirect(w, r, "/helping/stuck/"+id)
}

type stuckPage struct {
	personRow
	Spoken  string // id of the words
	Sees    string // what the person sees, in words
	Press   string // what to tell them
	Hint    string // of the method that is asked for
	Stumble *problem.Problem
	Rested  string
	Until   string
	Still   bool // the page does not look again by itself
}

// showStuck shows the step that the person is at, and looks again every few seconds, without script. Who reads slowly, or hears
// the page, can make it stand still (WCAG 2.2.1).
func (h *Helping) showStuck(w http.ResponseWriter, r *http.Request) error {
	var s *signin.Stuck
	err := h.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		s, err = h.Flow.Follow(tx, session.Of(r).User, r.PathValue("id"))
		return err
	})
	switch {
	case err != nil:
		return err
	case s == nil:
		return problem.New(problem.Gone, "helping.words.over")
	}
	l := page.VisitOf(r).Locale
	data := stuckPage{personRow: personRow{s.User.ID, s.User.Name(), s.User.Username}, Spoken: r.PathValue("id"), Rested: l.Wait(s.Rested),
		Until: l.Clock(s.Until), Still: r.URL.Query().Has("still")}
	data.Sees, data.Press = advice(s.Step, l)
	if s.Step.Target != nil && s.Step.Target.Kind == signin.Phone {
		data.Hint = s.Step.Target.Hint
	}
	if s.Stumble != nil && !strings.Contains(l.Text(s.Stumble.Key, "wait", ""), "{") { // what its sentence names was typed by the person
		data.Stumble = s.Stumble
	}
	if !data.Still {
		w.Header().Set("Refresh", "5")
	}
	return h.Pages.Show(w, r, "helping/stuck", data)
}

// advice is what somebody sees at the step, and what a helper tells them to do.
func advice(step signin.Step, l *page.Locale) (sees, press string) {
	if step.Kind == signin.Refuse {
		sees = l.Text("signin.refused." + step.Reason + ".title")
		if key := "helping.refused." + step.Reason; l.Has(key) {
			return sees, l.Text(key)
		}
		return sees, l.Text("helping.refused")
	}
	key := "helping.step." + string(step.Kind)
	if step.Ask != "" && l.Has(key+"."+string(step.Ask)+".sees") {
		key += "." + string(step.Ask)
	}
	return l.Text(key + ".sees"), l.Text(key + ".press")
}
