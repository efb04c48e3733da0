// The nudge: somebody with one way in is asked, now and then, to set up another.
package signin

import (
	"net/http"
	"slices"

	"woggle/internal/db"
	"woggle/internal/page"
)

// nudges tells whether the attempt stops to suggest another way in: at a sign-in only, and not when something was set up on
// the way, which is enough for a day.
func (a Attempt) nudges() bool {
	return len(a.Person.Nudge) > 0 && a.Session == "" && !a.Recover && !a.Later && len(a.Added) == 0 && !a.Person.Frozen
}

// suggestions are the kinds to suggest to the attempt's person, or none: they have two independent ways already, put it off
// a while ago, or set something up today.
func (f *Flow) suggestions(tx *db.Tx, a *Attempt) ([]Kind, error) {
	if a.Policy.Nudge.Off || f.Light(a.Enrolled) == Green {
		return nil, nil
	}
	for _, e := range a.Enrolled {
		if e.Kind.Possession() && tx.Now.Sub(e.CreatedAt) < restedMethod {
			return nil, nil
		}
	}
	snoozed, err := snoozeOf(tx, a.User.ID)
	if err != nil || snoozed.until.After(tx.Now) {
		return nil, err
	}
	a.Person.Snoozes = snoozed.count
	var kinds []Kind
	for _, kind := range f.Additions() {
		// Another of the same kind would mostly be on the same phone.
		if a.Policy.allows(kind) && !holds(a.Enrolled, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, nil
}

type nudgePage struct {
	Form
	Light Light
	Later bool // it may be put off
	Days  int  // for so long
	Left  int  // and so often; 0: as often as they like
}

func (f *Flow) askNudge(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, problems page.Problems) error {
	campaign := a.Policy.Nudge
	data := nudgePage{Form: f.Form(a, step), Light: f.Light(a.Enrolled), Days: campaign.Days(), Later: a.mayPutOff()}
	if campaign.Most > 0 {
		data.Left = campaign.Most - a.Person.Snoozes
	}
	return f.Pages.Show(w, r, "signin/nudge", data, page.Wrong(problems))
}

// mayPutOff tells whether the person may go on without another way.
func (a *Attempt) mayPutOff() bool {
	most := a.Policy.Nudge.Most
	return most == 0 || a.Person.Snoozes < most
}

// nudge takes the answer: a kind to set up now, or later.
func (f *Flow) nudge(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Nudge, "", func(tx *db.Tx, a *Attempt, step Step) error {
		kind := Kind(r.PostFormValue("kind"))
		switch {
		case slices.Contains(step.Kinds, kind):
			a.Nudged = kind
		case kind == "" && a.mayPutOff():
			a.Later = true
			return snooze(tx, a.User.ID, tx.Now.Add(a.Policy.Nudge.pause()))
		}
		return nil
	})
}

// unNudge goes back from setting something up that was suggested.
func (f *Flow) unNudge(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Enrol, "", func(_ *db.Tx, a *Attempt, _ Step) error {
		a.Nudged = ""
		return nil
	})
}
