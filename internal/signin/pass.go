// The access pass, as the flow knows it: what it was given for, and how it is used up.
package signin

import (
	"encoding/json"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// PassTerms are what an access pass is given for.
type PassTerms struct {
	From    time.Time     // works from then on; a time that is over is now
	Life    time.Duration // from then on
	Several bool          // works as often as is wanted in its time
	Alone   bool          // one helper alone gives it: it stands for the password, and passes no method by
	By      []string      // the ids of the helpers who give it: it works while each of them may help the person
}

type passData struct {
	Several bool     `json:"several,omitempty"`
	Alone   bool     `json:"alone,omitempty"`
	By      []string `json:"by,omitempty"`
}

// PassData is what is stored of a pass's terms besides its times.
func PassData(terms PassTerms) string {
	data, err := json.Marshal(passData{terms.Several, terms.Alone, terms.By})
	if err != nil {
		panic(err) // unreachable: it holds nothing that has no JSON
	}
	return string(data)
}

// Several tells whether the method is an access pass that is not used up by the first use.
func (e Enrolled) Several() bool { return e.pass().Several }

// Alone tells whether the method is an access pass that one helper gave alone. It is good for somebody who has nothing set up
// yet, and for somebody who has forgotten the password; who has lost what is set up needs two, or an administrator (threat
// T45): one helper is soon talked round.
func (e Enrolled) Alone() bool { return e.pass().Alone }

func (e Enrolled) pass() (data passData) {
	if e.Kind != AccessPass || json.Unmarshal([]byte(e.Data), &data) != nil {
		return passData{}
	}
	return data
}

// PassStands tells whether the user's access pass may be used, as all who have to do with it are stored now. One of helpers counts no
// more once one of them may not help the person: who has become a helper or an administrator, or has left the group, is nobody
// whom those helpers may let in, and a helper who was let go or whose account is frozen lets nobody in (threats T45, T84).
func PassStands(tx *db.Tx, user directory.User, pass Enrolled) (bool, error) {
	if pass.Alone() && user.Role != directory.Member { // one that was made before it was known by whom
		return false, nil
	}
	for _, helper := range pass.pass().By {
		if may, err := directory.Helps(tx, helper, user.ID); err != nil || !may {
			return false, err
		}
	}
	return true, nil
}

// endStrayPass ends the attempt if it stands on an access pass that was not used yet and counts no more. Nobody's time is spent on that
// who has not typed a pass: else the time of an answer would tell who has one.
func (a *Attempt) endStrayPass(tx *db.Tx) error {
	if a.Ended != "" {
		return nil
	}
	for _, p := range a.Proofs {
		pass := a.Method(p.Method)
		if Kind(p.Kind) != AccessPass || pass == nil {
			continue
		}
		if stands, err := PassStands(tx, a.User, *pass); err != nil || stands {
			return err
		}
		a.end(ReasonPass)
	}
	return nil
}

// PassOf is the person's access pass, as they or whoever gave it may know of it, or nil. There is one at most.
func PassOf(enrolled []Enrolled) *Enrolled {
	for i := range enrolled {
		if enrolled[i].Kind == AccessPass {
			return &enrolled[i]
		}
	}
	return nil
}

// CancelPass voids the user's access pass and tells them. Whoever has begun a sign-in with it goes no further. It tells
// whether there was one.
func (f *Flow) CancelPass(tx *db.Tx, actor string, user directory.User) (bool, error) {
	enrolled, err := Methods(tx, user.ID)
	if err != nil {
		return false, err
	}
	pass := PassOf(enrolled)
	if pass == nil {
		return false, nil
	}
	if there, err := DeleteMethod(tx, user.ID, pass.ID); err != nil || !there {
		return false, err
	}
	if err := f.Tell(tx, user, "signin.notice.pass-cancelled", nil); err != nil {
		return false, err
	}
	return true, audit.Record(tx, audit.Event{Type: audit.PassCancelled, Actor: actor, User: user.ID})
}

// spendPass uses up the access pass that was proved in this attempt: it is deleted, unless it was given for several uses. A
// pass that is gone meanwhile, because another attempt has spent it or somebody cancelled it, undoes everything that was
// done with it here.
func (f *Flow) spendPass(tx *db.Tx, a *Attempt) error {
	for i, p := range a.Proofs {
		if Kind(p.Kind) != AccessPass || p.Method == "" {
			continue
		}
		there, err := usePass(tx, a.User.ID, p.Method)
		if err != nil {
			return err
		}
		if !there {
			return problemPassSpent()
		}
		a.Proofs[i].Method = "" // used: that its time ends does not undo what was done with it
		if err := f.record(tx, a, audit.PassUsed, nil); err != nil {
			return err
		}
	}
	return nil
}

// usePass deletes a pass of one use, and notes the use of one of several. It tells whether the pass was there.
func usePass(tx *db.Tx, user, id string) (bool, error) {
	enrolled, err := Methods(tx, user)
	if err != nil {
		return false, err
	}
	if pass := PassOf(enrolled); pass != nil && pass.ID == id && pass.Several() {
		return markUsed(tx, user, id)
	}
	return DeleteMethod(tx, user, id)
}

// kept are the usable methods that an access pass does not pass by, though its owner says that all are lost: those that were
// set up after it was given. A pass of several uses would else let whoever overhears it past the very method that it was
// given to set up.
func kept(usable, enrolled []Enrolled) (left []Enrolled) {
	pass := PassOf(enrolled)
	for _, e := range usable {
		if pass != nil && (pass.Alone() || e.CreatedAt.After(pass.CreatedAt)) {
			left = append(left, e)
		}
	}
	return left
}

// bypasses tells whether a first method would be set up though there is one already that the pass does not pass by, and that
// does not work any more: whoever overhears a pass could stop it with wrong codes.
func (a Attempt) bypasses(enrolled []Enrolled) bool {
	pass := PassOf(enrolled)
	return pass != nil && a.byPass() && slices.ContainsFunc(enrolled, func(e Enrolled) bool {
		return e.Kind.Possession() && (pass.Alone() || e.CreatedAt.After(pass.CreatedAt))
	})
}

// byPass tells whether the attempt stands on an access pass, typed in it.
func (a Attempt) byPass() bool { return a.Session == "" && a.proved(AccessPass) }
