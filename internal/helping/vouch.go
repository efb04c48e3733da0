// Vouching: two helpers of somebody who has nothing left say, each for themselves, that it is them.
package helping

import (
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

const day = 24 * time.Hour

const (
	vouchLife  = day              // in which the second helper has to vouch
	passLife   = 15 * time.Minute // of the pass that comes of it
	undoLife   = day              // in which an administrator may undo it
	quietAfter = 7 * day          // in which nobody is vouched for again, after it was undone
)

// vouches bounds what somebody with a helper's browser can begin.
var vouches = limit.Rule{Name: "vouch", Max: 5, Window: day}

// vouching is one person's, by one helper, and then by another.
type vouching struct {
	id, user, first, second     string
	firstAt, secondAt, undoneAt time.Time
}

// vouch notes that the helper vouches for the person, whom directory.Helps allows and signin.Alter gave. The first helper of a
// day begins; another one ends it, and gets the pass. Of two at once the row of the person makes one wait for the other.
func (h *Helping) vouch(tx *db.Tx, helper, person directory.User) (pass string, err error) {
	switch {
	case helper.Role != directory.Helper: // an administrator gives a pass, and answers for it alone
		return "", notTheirs()
	case person.Status != directory.Active:
		return "", problem.New(problem.Invalid, "helping.not-active")
	}
	undone, err := undoneSince(tx, person.ID, tx.Now.Add(-quietAfter))
	if err != nil {
		return "", err
	}
	if undone {
		return "", problem.New(problem.Invalid, "helping.vouch.undone")
	}
	open, found, err := openVouching(tx, person.ID, tx.Now.Add(-vouchLife))
	if err != nil {
		return "", err
	}
	if found && open.first == helper.ID {
		return "", problem.New(problem.Invalid, "helping.vouch.again")
	}
	if wait, err := vouches.Take(tx, helper.ID); err != nil || wait > 0 {
		return "", errOr(err, problem.New(problem.Limited, "helping.too-many").After(wait))
	}
	event := audit.Event{Type: audit.Vouched, Actor: helper.ID, User: person.ID, Detail: audit.Detail{"name": helper.Name()}}
	if err := audit.Record(tx, event); err != nil {
		return "", err
	}
	if !found {
		if err := insertVouching(tx, vouching{id: db.NewID(), user: person.ID, first: helper.ID, firstAt: tx.Now}); err != nil {
			return "", err
		}
		return "", h.Flow.Tell(tx, person, "helping.notice.vouch-begun", nil, "helper", helper.Name())
	}
	return h.complete(tx, open, helper, person)
}

// complete makes the pass, if the first helper may help the person still.
func (h *Helping) complete(tx *db.Tx, open vouching, second, person directory.User) (pass string, err error) {
	still, err := directory.Helps(tx, open.first, person.ID)
	if err != nil {
		return "", err
	}
	first, err := directory.ByID(tx, open.first)
	if problem.Is(err, problem.NotFound) || err == nil && (!still || first.Role != directory.Helper) {
		return "", problem.New(problem.Invalid, "helping.vouch.first-gone")
	}
	if err != nil {
		return "", err
	}
	if mine, err := endVouching(tx, open.id, second.ID); err != nil || !mine {
		return "", errOr(err, problem.New(problem.Invalid, "helping.vouch.again"))
	}
	if pass, err = h.Issue(tx, second.ID, person, signin.PassTerms{Life: passLife, By: []string{first.ID, second.ID}}); err != nil {
		return "", err
	}
	if err := h.Flow.Tell(tx, person, "helping.notice.vouched", nil, "first", first.Name(), "second", second.Name()); err != nil {
		return "", err
	}
	return pass, h.Flow.Warn(tx, "helping.notice.vouched-for", "person", person.Name(), "first", first.Name(), "second", second.Name(),
		"address", h.Flow.Base+"/helping/vouched")
}

// undoVouching takes back what came of a vouching: what was set up since, the pass, and every session; of somebody who has become an
// administrator since, the pass and the sessions only (signin.Flow.UndoSince). It tells which. Its errors are NotFound, and Gone
// after a day.
//
// Every other administrator may, whatever the person is now. To undo only takes away, so directory.Helps is not asked, which says
// whom one may let in. Not the person: it is done once, and a thief could use that up in the owner's name.
func (h *Helping) undoVouching(tx *db.Tx, administrator directory.User, id string) (kept bool, err error) {
	v, found, err := vouchingByID(tx, id)
	may := administrator.Role == directory.Administrator && administrator.Status == directory.Active && !administrator.Frozen()
	if err == nil && (!found || v.secondAt.IsZero() || !may || v.user == administrator.ID) {
		err = notTheirs()
	}
	if err != nil {
		return false, err
	}
	person, err := directory.Hold(tx, v.user)
	if err != nil {
		return false, err
	}
	if mine, err := undoneNow(tx, id, tx.Now.Add(-undoLife)); err != nil || !mine {
		return false, errOr(err, problem.New(problem.Gone, "helping.undo.late"))
	}
	if err := h.Flow.UndoSince(tx, person, v.secondAt); err != nil {
		return false, err
	}
	kept = person.Role == directory.Administrator
	return kept, audit.Record(tx, audit.Event{Type: audit.VouchUndone, Actor: administrator.ID, User: person.ID})
}
