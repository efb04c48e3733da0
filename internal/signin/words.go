// Three words: somebody who is stuck reads them to a helper, who then sees where they are, and nothing that lets anybody in.
//
// The words are of one attempt, for a quarter of an hour. They prove nothing: whoever typed a name may ask for them. They show
// a helper of that person the step, the last thing that went wrong and what to press; to anybody else they say nothing.
package signin

import (
	"net/http"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/words"
)

// spokenLife is how long three words work.
const spokenLife = 15 * time.Minute

// heard bounds what a helper types that are the words of nobody of theirs: 2^30 sets, and a few hundred of them open at a time.
var heard = limit.Rule{Name: "words", Max: 10, Window: time.Hour}

// spoken is a row of three words.
type spoken struct {
	id, attempt, helper string
	hash                []byte
	expiresAt           time.Time
}

type helperPage struct {
	Attempt string
	Words   []string // empty: they were not asked for, or their time is over
	Until   string
}

// showHelper shows the words, if there are any, and else the button that makes them.
func (f *Flow) showHelper(w http.ResponseWriter, r *http.Request) error {
	return f.askHelper(w, r, nil)
}

func (f *Flow) askHelper(w http.ResponseWriter, r *http.Request, wrong *problem.Problem) error {
	var data helperPage
	locale := page.VisitOf(r).Locale
	err := f.DB.View(r.Context(), func(tx *db.Tx) error {
		data = helperPage{} // of a run before
		a, err := f.find(tx, r, r.FormValue("a"))
		if err != nil || a == nil {
			return err
		}
		data.Attempt = a.ID
		row, found, err := spokenOf(tx, a.ID)
		if err == nil && found && row.expiresAt.After(tx.Now) {
			data.Words, data.Until = f.say(row, locale), locale.Clock(row.expiresAt)
		}
		return err
	})
	if err != nil {
		return err
	}
	return f.Pages.Show(w, r, "signin/helper", data, page.Wrong(page.One(wrong)))
}

// say are the words of a row in the language in which they were made, or none in another one. They are stored nowhere.
func (f *Flow) say(row spoken, l *page.Locale) []string {
	for _, seed := range f.Keys.Lookups("words", row.id) {
		if said := words.Of(l.Code, seed); f.Keys.CheckMAC(row.hash, "spoken", said...) {
			return said
		}
	}
	return nil
}

// speak makes three words for the attempt that the form names, or, where somebody has not come so far, for the name that they
// type: also for one that nobody has.
func (f *Flow) speak(w http.ResponseWriter, r *http.Request) error {
	var attempt string
	var wrong *problem.Problem
	locale := page.VisitOf(r).Locale
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		attempt, wrong = "", nil // of a run before
		a, err := f.find(tx, r, r.PostFormValue("a"))
		if err == nil && a == nil {
			a, wrong, err = f.stuckByName(tx, r)
		}
		if err != nil || wrong != nil {
			return err
		}
		attempt = a.ID
		return f.newWords(tx, a.ID, locale)
	})
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return f.askHelper(w, r, wrong)
	}
	return page.Redirect(w, r, "/signin/helper?a="+attempt)
}

// stuckByName begins a sign-in for whoever cannot even get to the first page's next.
func (f *Flow) stuckByName(tx *db.Tx, r *http.Request) (*Attempt, *problem.Problem, error) {
	typed := strings.TrimSpace(r.PostFormValue("username"))
	if p := checkTyped(typed); p != nil {
		return nil, p, nil
	}
	a, err := f.named(tx, r, typed)
	if err != nil {
		return nil, nil, err
	}
	if wait, err := f.startBounds(a).admit(tx, a); err != nil || wait > 0 {
		return nil, problemTooManyHere(wait), err
	}
	a.Need = f.SignInNeed()
	_, err = f.Begin(tx, r, a)
	return a, nil, err
}

// newWords gives the attempt three words, unless it has some that work in this language.
func (f *Flow) newWords(tx *db.Tx, attempt string, l *page.Locale) error {
	row, found, err := spokenOf(tx, attempt)
	if err != nil || found && row.expiresAt.After(tx.Now) && f.say(row, l) != nil {
		return err
	}
	if err := dropSpoken(tx, attempt); err != nil {
		return err
	}
	for range 5 { // two sets of words that are the same come once in a million
		row = spoken{id: db.NewID(), attempt: attempt, expiresAt: tx.Now.Add(spokenLife)}
		row.hash = f.Keys.MAC("spoken", words.Of(l.Code, f.Keys.MAC("words", row.id))...)
		if made, err := insertSpoken(tx, row); err != nil || made {
			return err
		}
	}
	return problem.New(problem.Busy, "error.busy").After(5 * time.Second)
}

// Hear finds the attempt whose three words a helper was read. It gives the id under which that helper may look at it, or
// nothing: the same for words of nobody, words that are over, and words of somebody who is not theirs. A try that finds
// nothing counts; when there were too many, wait tells how long.
func (f *Flow) Hear(tx *db.Tx, helper directory.User, said []string) (id string, wait time.Duration, err error) {
	if wait, err = heard.Take(tx, helper.ID); err != nil || wait > 0 {
		return "", wait, err
	}
	for _, mac := range f.Keys.Lookups("spoken", said...) {
		row, found, err := spokenBy(tx, mac)
		if err != nil {
			return "", 0, err
		}
		if !found || !row.expiresAt.After(tx.Now) {
			continue
		}
		a, err := attemptByID(tx, row.attempt)
		if err != nil || a == nil {
			return "", 0, err
		}
		theirs, err := directory.Helps(tx, helper.ID, a.User.ID)
		if err != nil || !theirs {
			return "", 0, err
		}
		if err := takeSpoken(tx, row.id, helper.ID); err != nil {
			return "", 0, err
		}
		if err := heard.GiveBack(tx, helper.ID, 1); err != nil {
			return "", 0, err
		}
		return row.id, 0, audit.Record(tx, audit.Event{Type: audit.HelperLooked, Actor: helper.ID, User: a.User.ID,
			Detail: audit.Detail{"name": helper.Name()}})
	}
	return "", 0, nil
}

// Stuck is a sign-in as a helper sees it. It holds nothing that helps anybody in.
type Stuck struct {
	User    directory.User   // whom the browser says it is; nobody has proved that
	Step    Step             // Target: only its Kind and Hint
	Stumble *problem.Problem // the last thing that went wrong at this step, or nil
	Rested  time.Duration    // since the person last did something
	Until   time.Time        // the words work no longer
}

// Follow is the sign-in whose words the helper typed, for as long as the words live and the person is theirs, or nil.
func (f *Flow) Follow(tx *db.Tx, helper directory.User, id string) (*Stuck, error) {
	row, found, err := spokenByID(tx, id)
	if err != nil || !found || row.helper != helper.ID || !row.expiresAt.After(tx.Now) {
		return nil, err
	}
	a, err := attemptByID(tx, row.attempt)
	if err != nil || a == nil {
		return nil, err
	}
	if theirs, err := directory.Helps(tx, helper.ID, a.User.ID); err != nil || !theirs {
		return nil, err
	}
	if err := f.facts(tx, a); err != nil {
		return nil, err
	}
	step := Next(*a, a.Need, a.Enrolled, tx.Now)
	s := &Stuck{User: a.User, Step: Step{Kind: step.Kind, Ask: step.Ask, Reason: step.Reason}, Rested: tx.Now.Sub(a.TouchedAt), Until: row.expiresAt}
	if step.Target != nil {
		s.Step.Target = &Enrolled{Kind: step.Target.Kind, Hint: step.Target.Hint}
	}
	if step.Kind == Prove || step.Kind == Enrol || step.Kind == Details {
		if s.Stumble = a.Stumble.Problem(); s.Stumble == nil {
			s.Stumble = a.Trouble.Problem()
		}
	}
	return s, nil
}

// stumbled remembers what was wrong with what was typed: which sentence the page showed, and none of what was typed.
func (a *Attempt) stumbled() {
	if len(a.problems) > 0 {
		a.Stumble = &Trouble{Key: a.problems[0].Key, Wait: a.problems[0].Wait}
	}
}
