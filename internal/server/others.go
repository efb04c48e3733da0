// What is done to somebody's sign-in methods by others: recorded, and told to the person, in one transaction.
package server

import (
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/signin"
)

// ResetMethods removes all that proves possession, and ends every session; the password stays. It tells how many
// methods there were.
func (s *Server) ResetMethods(tx *db.Tx, actor string, user directory.User) (removed int, err error) {
	if user, err = directory.Hold(tx, user.ID); err != nil {
		return 0, err
	}
	// Told while the methods are still there, so that they carry the news as well.
	if err := s.flow.Tell(tx, user, "server.notice.reset", nil); err != nil {
		return 0, err
	}
	methods, err := signin.Methods(tx, user.ID)
	if err != nil {
		return 0, err
	}
	for _, e := range methods {
		if e.Kind == signin.Password {
			continue
		}
		if _, err := signin.DeleteMethod(tx, user.ID, e.ID); err != nil {
			return 0, err
		}
		removed++
	}
	if err := signin.DeleteMethods(tx, user.ID, signin.Card); err != nil { // also those whose time has not come
		return 0, err
	}
	if err := directory.RaiseEpoch(tx, user.ID); err != nil {
		return 0, err
	}
	return removed, audit.Record(tx, audit.Event{Type: audit.MethodsReset, Actor: actor, User: user.ID})
}
