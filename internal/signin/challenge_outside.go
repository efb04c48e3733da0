// Challenges that are answered outside of the browser, by keys in a call; and what their page sees of that.
package signin

import (
	"net/http"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// AnswerOutside lets an answer that came by another way than the browser's decide the question, for good: there is one
// try. right compares it and has no effect of its own. It counts as a code that was typed does, under the bounds of the
// person, because few digits are soon guessed. The proof itself is made by the browser of the attempt (Answer).
func (f *Flow) AnswerOutside(tx *db.Tx, id string, right func(Challenge) bool) (bool, error) {
	c, found, err := challengeByID(tx, id)
	if err != nil || !found || c.User == "" {
		return false, err
	}
	if _, err := directory.Hold(tx, c.User); err != nil { // until we are done, the person's browsers wait
		return false, err
	}
	a, err := attemptOf(tx, c)
	if err != nil || a == nil {
		return false, err
	}
	if err := f.facts(tx, a); err != nil || !asks(a, c, tx.Now) {
		return false, err
	}
	allowed, err := f.takeCode(tx, a)
	if err != nil {
		return false, err
	}
	said := Wrong
	if allowed && right(c) {
		said = Right
	}
	mine, err := answerChallenge(tx, id, said)
	switch {
	case err != nil:
		return false, err
	case !mine && allowed: // it was answered before, or is over
		return false, f.giveBackCode(tx, a)
	case !mine:
		return false, nil
	case said == Right:
		err = f.giveBackCode(tx, a)
	case allowed && c.Method != "":
		err = f.wrongCode(tx, a, c.Method)
	case allowed:
		err = f.wrongCode(tx, a)
	}
	if err != nil {
		return false, err
	}
	return said == Right, f.save(tx, a)
}

// asks tells whether the attempt asks the question at this moment.
func asks(a *Attempt, c Challenge, now time.Time) bool {
	step := Next(*a, a.Need, a.Enrolled, now)
	want := map[Purpose]StepKind{ToProve: Prove, ToEnrol: Enrol}[c.Purpose]
	return step.Kind == want && step.Ask == c.Kind && (c.Method == "" || step.Target != nil && step.Target.ID == c.Method)
}

// Watch is the question that is open in the attempt with the id, for a page that waits for its answer. It reads little,
// because the page asks often.
func (f *Flow) Watch(r *http.Request, id string, kind Kind, purpose Purpose, look func(*db.Tx, Challenge) error) (found bool, err error) {
	err = f.DB.View(r.Context(), func(tx *db.Tx) error {
		found = false
		a, err := f.find(tx, r, id)
		if err != nil || a == nil || a.Ended != "" {
			return err
		}
		var c Challenge
		if c, found, err = currentChallenge(tx, a.ID, kind, purpose); err != nil || !found {
			return err
		}
		return look(tx, c)
	})
	return found, err
}
