// Undoing what was set up in somebody's account since a moment.
package signin

import (
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// UndoSince removes every method of the user that was set up at the time or later, the password too, voids their access pass,
// and ends all their sessions. What was removed since does not come back. Why is the caller's to record; the person is told,
// by what is left. Give it the user as directory.Hold does: of an administrator only the pass of helpers and the sessions end, so
// that no administrator can lock another one out.
func (f *Flow) UndoSince(tx *db.Tx, user directory.User, since time.Time) error {
	enrolled, err := Methods(tx, user.ID)
	if err != nil {
		return err
	}
	if user.Role == directory.Administrator {
		return f.signOut(tx, user, enrolled)
	}
	for _, e := range enrolled {
		if e.Kind != AccessPass && e.CreatedAt.Before(since) {
			continue
		}
		if _, err := DeleteMethod(tx, user.ID, e.ID); err != nil {
			return err
		}
	}
	if enrolled, err = Methods(tx, user.ID); err != nil {
		return err
	}
	left := possessions(enrolled, nil)
	if len(left) > 0 && !left[0].Kind.spare() && !slices.ContainsFunc(left, func(e Enrolled) bool { return e.Preferred }) {
		if err := prefer(tx, user.ID, left[0].ID); err != nil {
			return err
		}
	}
	if err := dropLinks(tx, linkRecover, user.ID); err != nil {
		return err
	}
	if err := directory.RaiseEpoch(tx, user.ID); err != nil {
		return err
	}
	return f.Tell(tx, user, "signin.notice.undone", nil)
}

// signOut voids the user's access pass, if helpers gave it, and ends all their sessions: those that came of the pass cannot be told
// from the others any more, and whoever has what is set up signs in again.
func (f *Flow) signOut(tx *db.Tx, user directory.User, enrolled []Enrolled) error {
	if pass := PassOf(enrolled); pass != nil && len(pass.pass().By) > 0 {
		if _, err := DeleteMethod(tx, user.ID, pass.ID); err != nil {
			return err
		}
	}
	if err := directory.RaiseEpoch(tx, user.ID); err != nil {
		return err
	}
	return f.Tell(tx, user, "signin.notice.signed-out", nil)
}
