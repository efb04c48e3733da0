// Challenges: questions asked once. All methods share these rules.
package signin

import (
	"cmp"
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/session"
)

// Purpose is what a right answer is good for. An answer to one purpose is worth nothing for another.
type Purpose string

// The purposes.
const (
	ToProve Purpose = "prove" // of a method that is set up
	ToEnrol Purpose = "enrol" // of a method that is being set up
)

const (
	mostWrong    = 5   // wrong tries end an attempt, and a challenge
	mostFailures = 100 // wrong codes in a row disable a method
	codeDigits   = 6
)

// Challenge is one question asked in an attempt. It remembers for whom, with which method and for what, and what comes
// of a right answer is taken from here, never from the form.
type Challenge struct {
	ID        string
	Attempt   string
	User      string
	Kind      Kind
	Purpose   Purpose
	Method    string // id of the method that is proved
	Secret    []byte // sealed for this row: what is being set up
	Data      string // JSON of what is no secret
	Answer    Said   // what was said to it outside of the browser
	Tries     int64
	Sends     int64
	SentAt    time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
	CreatedAt time.Time
}

// Said is what was said to a question that is answered outside of the browser, by keys in a call.
type Said string

// What can be said, once.
const (
	Nothing Said = ""
	Right   Said = "right"
	Wrong   Said = "wrong"
)

// Open asks a question. It ends an older one of the same kind and purpose in the attempt: at any time one code counts.
func (f *Flow) Open(tx *db.Tx, a *Attempt, c Challenge) (Challenge, error) {
	if c.ID == "" {
		c.ID = db.NewID()
	}
	c.Attempt, c.User = a.ID, a.User.ID
	if c.Data == "" {
		c.Data = "{}"
	}
	if err := f.Close(tx, a, c.Kind, c.Purpose); err != nil {
		return c, err
	}
	return c, insertChallenge(tx, c)
}

// Current is the question that is open in the attempt, though it may have expired.
func (f *Flow) Current(tx *db.Tx, a *Attempt, kind Kind, purpose Purpose) (Challenge, bool, error) {
	return currentChallenge(tx, a.ID, kind, purpose)
}

// Asked is the question with the id, open or not.
func (f *Flow) Asked(tx *db.Tx, id string) (Challenge, bool, error) { return challengeByID(tx, id) }

// Withdraw ends a question from outside its attempt, whose page then says why.
func (f *Flow) Withdraw(tx *db.Tx, c Challenge, why Trouble) error {
	if open, err := useChallenge(tx, c.ID); err != nil || !open {
		return err
	}
	if err := f.Outbox.Drop(tx, c.ID); err != nil {
		return err
	}
	a, err := attemptByID(tx, c.Attempt)
	if err != nil || a == nil {
		return err
	}
	a.Trouble = &why
	return saveAttempt(tx, a)
}

// Close ends the open question: the person wants to type another number. Its code is sent no more, and not kept. Without a
// kind and a purpose all that are open end.
func (f *Flow) Close(tx *db.Tx, a *Attempt, kind Kind, purpose Purpose) error {
	closed, err := closeChallenges(tx, a.ID, kind, purpose)
	if err != nil {
		return err
	}
	for _, id := range closed {
		if err := f.Outbox.Drop(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// save stores the attempt. With it ends what was asked in it, if it is over.
func (f *Flow) save(tx *db.Tx, a *Attempt) error {
	a.stumbled()
	if a.Ended != "" {
		if err := f.Close(tx, a, "", ""); err != nil {
			return err
		}
	}
	return saveAttempt(tx, a)
}

// Resent stores that the challenge's code was sent once more.
func (f *Flow) Resent(tx *db.Tx, c Challenge) error { return updateChallenge(tx, c) }

// Answer tries an answer to the attempt's open question. right compares it and has no effect of its own. The try is
// counted before it is made, by challenge, attempt and person; a right answer uses the question up, and of two right
// answers at once only one is. What is wrong is noted in the attempt, which must be saved either way.
func (f *Flow) Answer(tx *db.Tx, a *Attempt, kind Kind, purpose Purpose, right func(Challenge) bool) (Challenge, bool, error) {
	if allowed, err := f.takeCode(tx, a); err != nil || !allowed {
		return Challenge{}, false, err
	}
	c, found, err := takeChallenge(tx, a.ID, kind, purpose)
	if err != nil {
		return c, false, err
	}
	// A code that was sent to a method that is gone, or is not asked any more, answers nothing.
	if !found || c.Method != "" && (a.step.Target == nil || a.step.Target.ID != c.Method) {
		a.Fail(cmp.Or(a.Trouble.Problem(), problemExpired()))
		return c, false, f.giveBackCode(tx, a)
	}
	var tried []string
	if c.Method != "" { // else it is being set up
		tried = []string{c.Method}
	}
	if !right(c) {
		return c, false, f.wrongCode(tx, a, tried...)
	}
	if used, err := useChallenge(tx, c.ID); err != nil || !used {
		return c, false, err
	}
	if err := f.Outbox.Entered(tx, c.ID); err != nil {
		return c, false, err
	}
	return c, true, f.rightCode(tx, a, c.Method, tried...)
}

// AnswerMethods is Answer for a kind that needs no question, such as an authenticator: right compares the answer with
// every method of the kind that is not disabled and spends it, and must hold under races by itself. It gives the id of
// the method that it was right for, or nothing.
func (f *Flow) AnswerMethods(tx *db.Tx, a *Attempt, kind Kind, right func() (method string, err error)) (method string, err error) {
	if allowed, err := f.takeCode(tx, a); err != nil || !allowed {
		return "", err
	}
	if method, err = right(); err != nil {
		return "", err
	}
	var tried []string
	for _, e := range a.Enrolled {
		if e.Kind == kind && e.DisabledAt.IsZero() {
			tried = append(tried, e.ID)
		}
	}
	if method == "" {
		return "", f.wrongCode(tx, a, tried...)
	}
	return method, f.rightCode(tx, a, method, tried...)
}

// Proved takes a proof that was made without a code, such as a signature: nobody guesses those, so no bound counts it.
func (f *Flow) Proved(tx *db.Tx, a *Attempt, proof session.Proof) error {
	a.Proved(proof)
	if err := methodRight(tx, proof.Method, true); err != nil || a.Session == "" { // a sign-in is recorded when it is done
		return err
	}
	return f.record(tx, a, audit.Proved, audit.Detail{"method": proof.Kind})
}

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
	a, err := attemptByID(tx, c.Attempt)
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

// Waiting are the questions of a kind to the person that wait, at this moment, for an answer from outside of the browser: nothing
// was said to them, and the attempts that ask them stand where they are asked. The newest is the first.
func (f *Flow) Waiting(tx *db.Tx, user string, kind Kind) (all []Challenge, err error) {
	open, err := openChallenges(tx, user, kind)
	if err != nil {
		return nil, err
	}
	for _, c := range open {
		a, err := attemptByID(tx, c.Attempt)
		if err != nil {
			return nil, err
		}
		if a == nil {
			continue
		}
		if err := f.facts(tx, a); err != nil {
			return nil, err
		}
		if asks(a, c, tx.Now) {
			all = append(all, c)
		}
	}
	return all, nil
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
